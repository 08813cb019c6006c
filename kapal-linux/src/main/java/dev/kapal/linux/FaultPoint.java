package dev.kapal.linux;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;

/**
 * A named step of work that a crash may cut in two. Where the system property {@value #PROPERTY} is
 * not set, which only tests do, {@link #reach} does nothing and costs nothing.
 *
 * <p>The property names a directory. Each name that is reached is appended as a line to the file
 * {@code reached} in it. A test that puts {@code NAME NUMBER} into the file {@code armed} has the
 * process kill itself with SIGKILL the next time but NUMBER - 1 that the name is reached: no
 * handler runs, no buffer is flushed, just as when the kernel or a person kills it.
 */
public final class FaultPoint {
  /** Names the directory that tests control this by. */
  public static final String PROPERTY = "kapal.faults";

  private static final Optional<FaultPoint> CONTROL =
      Optional.ofNullable(System.getProperty(PROPERTY)).map(d -> new FaultPoint(Path.of(d)));

  private final Path reached;
  private final Path armed;
  private String counted = "";
  private int count;

  private FaultPoint(Path directory) {
    this.reached = directory.resolve("reached");
    this.armed = directory.resolve("armed");
  }

  /**
   * Says that a step is about to be followed by the next one.
   *
   * @param name of what has just been done, as in {@code create.recorded}
   */
  public static void reach(String name) {
    if (CONTROL.isPresent()) {
      CONTROL.get().strike(name);
    }
  }

  private synchronized void strike(String name) {
    try {
      Files.writeString(reached, name + "\n", StandardOpenOption.CREATE, StandardOpenOption.APPEND);
      if (!Files.exists(armed)) {
        counted = "";
        return;
      }
      String order = Files.readString(armed, StandardCharsets.US_ASCII).strip();
      if (!order.equals(counted)) {
        counted = order;
        count = 0;
      }
      int space = order.lastIndexOf(' ');
      if (order.substring(0, Math.max(0, space)).equals(name)
          && ++count == Integer.parseInt(order.substring(space + 1))) {
        Files.delete(armed);
        Linux.system().processes().kill((int) ProcessHandle.current().pid(), Signals.SIGKILL);
      }
    } catch (IOException e) {
      throw new IllegalStateException("the fault points' directory cannot be used", e);
    }
  }
}

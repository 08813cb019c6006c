package dev.kapal.runtime.monitor;

import dev.kapal.linux.ExitStatus;
import dev.kapal.linux.Fd;
import dev.kapal.linux.Linux;
import dev.kapal.linux.SocketType;
import dev.kapal.linux.SpawnOptions;
import dev.kapal.runtime.ContainerException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The native program, held in a sealed memfd: nobody can change it, not through {@code
 * /proc/self/exe} either (CVE-2019-5736), and nothing has to be found on disk.
 */
public final class MonitorProgram implements AutoCloseable {
  public static final String SOCKET = "monitor.sock";
  private static final Duration START = Duration.ofSeconds(10);

  private final Linux linux;
  private final Fd executable;

  public MonitorProgram(Linux linux) {
    this.linux = linux;
    this.executable = linux.memfds().executable("kapal-monitor", NativeProgram.content());
  }

  /** Starts a monitor; it stands when this returns. */
  public void start(String id, Fd directory) {
    try (Fd listener = linux.sockets().listen(directory, SOCKET, SocketType.SEQPACKET, 0600)) {
      int pid =
          linux
              .processes()
              .spawn(
                  executable,
                  List.of("kapal-monitor", id),
                  List.of(),
                  Map.of(3, listener, 4, directory),
                  SpawnOptions.DEFAULT.in("/"));
      Optional<ExitStatus> status = linux.processes().waitpid(pid, START);
      if (status.isEmpty()) {
        linux.processes().kill(pid, 9);
        linux.processes().waitpid(pid);
        throw new ContainerException.Failed("The monitor of sandbox " + id + " does not come up");
      }
      if (status.get().shellCode() != 0) {
        throw new ContainerException.Failed(
            "The monitor of sandbox "
                + id
                + " cannot start (exit code "
                + status.get().shellCode()
                + ")");
      }
    }
  }

  /** The program; it stays this object's. */
  public Fd executable() {
    return executable;
  }

  @Override
  public void close() {
    executable.close();
  }
}

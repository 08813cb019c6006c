package dev.kapal.daemon;

import dev.kapal.linux.Linux;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.List;
import java.util.Optional;

/** The daemon's process. */
public final class Main {
  private static final int USAGE = 2;
  private static final int FAILED = 1;

  private Main() {}

  /** Starts the daemon and stays until a signal or {@code kapal system shutdown} ends it. */
  public static void main(String[] words) {
    List<String> arguments = List.of(words);
    if (arguments.contains("--help")) {
      System.out.print(DaemonOptions.HELP);
      return;
    }
    DaemonOptions options;
    try {
      options = DaemonOptions.parse(arguments, System.getenv());
    } catch (DaemonOptions.UsageException e) {
      System.err.println(e.getMessage());
      System.exit(USAGE);
      return;
    }
    Logging.setUp(System.getenv("JOURNAL_STREAM") != null);
    System.exit(serve(options));
  }

  private static int serve(DaemonOptions options) {
    Logger log = System.getLogger(Main.class.getName());
    try {
      Folders.make(options);
      Optional<InstanceLock> lock = InstanceLock.take(options.runDir());
      if (lock.isEmpty()) {
        log.log(Level.INFO, "another daemon serves {0} already", options.runDir());
        return FAILED;
      }
      try (InstanceLock held = lock.get();
          Daemon daemon = Daemon.start(Linux.system(), options)) {
        daemon.awaitEnd();
      }
      log.log(Level.INFO, "the daemon ends; its containers go on");
      return 0;
    } catch (IOException | RuntimeException | LinkageError e) {
      log.log(Level.ERROR, "the daemon cannot start", e);
      return FAILED;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return FAILED;
    }
  }
}

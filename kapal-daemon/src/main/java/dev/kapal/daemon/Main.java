package dev.kapal.daemon;

import dev.kapal.config.ConfigSource;
import dev.kapal.config.KapalConfig;
import dev.kapal.config.text.ConfigException;
import dev.kapal.config.text.Problem;
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
    if (arguments.equals(List.of("--oci"))) {
      DropInMain.run();
      return;
    }
    int check = arguments.indexOf("--check");
    DaemonOptions options;
    try {
      options =
          DaemonOptions.parse(check < 0 ? arguments : arguments.subList(0, check), System.getenv());
    } catch (DaemonOptions.UsageException e) {
      System.err.println(e.getMessage());
      System.exit(USAGE);
      return;
    }
    ConfigSource source = options.source();
    if (check >= 0) {
      System.exit(StandaloneCheck.run(source, arguments.subList(check + 1, arguments.size())));
      return;
    }
    // Not a switch over types, which costs the start milliseconds: the JVM's cache cannot hold it.
    ConfigSource.Loaded loaded = source.load();
    if (loaded instanceof ConfigSource.Loaded.Bad bad) {
      System.exit(refuse(bad.problems()));
      return;
    }
    KapalConfig config = loaded.orElseThrow();
    Logging.setUp(System.getenv("JOURNAL_STREAM") != null, config.daemon().logLevel());
    System.exit(serve(source, config));
  }

  /** With its configuration half understood a daemon could do harm. */
  private static int refuse(List<Problem> problems) {
    System.err.println("kapald: not started, the configuration has faults:");
    problems.forEach(problem -> System.err.println("  " + problem));
    return FAILED;
  }

  private static int serve(ConfigSource source, KapalConfig config) {
    Logger log = System.getLogger(Main.class.getName());
    try {
      Folders.make(config.daemon());
      Optional<InstanceLock> lock = InstanceLock.take(config.daemon().runDir());
      if (lock.isEmpty()) {
        log.log(Level.INFO, "another daemon serves {0} already", config.daemon().runDir());
        return FAILED;
      }
      NativeLibraries.prepare(config.daemon().dataDir());
      try (InstanceLock held = lock.get();
          Daemon daemon = Daemon.start(Linux.system(), source, config)) {
        daemon.awaitEnd();
      }
      log.log(Level.INFO, "the daemon ends; its containers go on");
      return 0;
    } catch (ConfigException.Invalid e) {
      return refuse(e.problems());
    } catch (IOException | RuntimeException | LinkageError e) {
      log.log(Level.ERROR, "the daemon cannot start", e);
      return FAILED;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return FAILED;
    }
  }
}

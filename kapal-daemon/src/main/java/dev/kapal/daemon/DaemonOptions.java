package dev.kapal.daemon;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * What the daemon is started with.
 *
 * @param runDir sockets, monitors' folders, locks: lives until the next boot
 * @param dataDir images, containers, volumes: lives on
 * @param cgroupParent the cgroup below which every container has its own
 * @param group the group that may use the command socket, if it exists
 */
record DaemonOptions(Path runDir, Path dataDir, String cgroupParent, String group) {
  static final String HELP =
      """
      Usage: kapald [OPTIONS]

      The Kapal daemon. It stays in the foreground and leaves containers running when it ends.

        --run-dir DIR         sockets and state until the next boot (default /run/kapal)
        --data-dir DIR        images, containers, volumes (default /var/lib/kapal)
        --cgroup-parent PATH  cgroup of all containers (default /kapal)
        --group NAME          group that may use the command socket (default kapal, if it exists)
        --stop                end the daemon that runs over /run/kapal (or KAPAL_RUN)
        --help                this text

      Signals: SIGTERM and SIGINT end the daemon; its containers go on.
      """;

  /** Bad words on the command line. */
  static final class UsageException extends RuntimeException {
    private static final long serialVersionUID = 1;

    UsageException(String message) {
      super(message);
    }
  }

  static DaemonOptions parse(List<String> words, Map<String, String> environment) {
    Path runDir = Path.of(environment.getOrDefault("KAPAL_RUN", "/run/kapal"));
    Path dataDir = Path.of(environment.getOrDefault("KAPAL_DATA", "/var/lib/kapal"));
    String cgroupParent = "/kapal";
    String group = "kapal";
    for (int i = 0; i < words.size(); i++) {
      String word = words.get(i);
      int equals = word.indexOf('=');
      String name = equals < 0 ? word : word.substring(0, equals);
      if (!List.of("--run-dir", "--data-dir", "--cgroup-parent", "--group").contains(name)) {
        throw new UsageException("kapald: unknown option \"" + word + "\"; see kapald --help");
      }
      String value;
      if (equals >= 0) {
        value = word.substring(equals + 1);
      } else if (++i < words.size()) {
        value = words.get(i);
      } else {
        throw new UsageException("kapald: " + name + " needs a value; see kapald --help");
      }
      if (value.isEmpty()) {
        throw new UsageException("kapald: the value of " + name + " is empty");
      }
      switch (name) {
        case "--run-dir" -> runDir = absolute(name, value);
        case "--data-dir" -> dataDir = absolute(name, value);
        case "--cgroup-parent" -> cgroupParent = cgroup(value);
        default -> group = value;
      }
    }
    return new DaemonOptions(runDir, dataDir, cgroupParent, group);
  }

  private static Path absolute(String name, String value) {
    Path path = Path.of(value);
    if (!path.isAbsolute()) {
      throw new UsageException(
          "kapald: " + name + " \"" + value + "\" is not absolute; give the whole path");
    }
    return path.normalize();
  }

  private static String cgroup(String value) {
    Path path = Path.of(value);
    if (!path.isAbsolute() || path.getNameCount() == 0 || !path.normalize().equals(path)) {
      throw new UsageException(
          "kapald: --cgroup-parent \""
              + value
              + "\" is not a plain absolute path below a cgroup root, such as /kapal");
    }
    return value;
  }
}

package dev.kapal.daemon;

import dev.kapal.config.ConfigSource;
import dev.kapal.config.text.Node;
import dev.kapal.config.text.Position;
import dev.kapal.linux.systemd.Slices;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What the daemon is started with.
 *
 * @param config the configuration's main file, if it is not the usual one
 * @param daemon what goes over the configuration's table {@code daemon}, by key
 */
record DaemonOptions(Optional<Path> config, Map<String, Node> daemon) {
  static final String HELP =
      """
      Usage: kapald [OPTIONS]

      The Kapal daemon. It stays in the foreground and leaves containers running when it ends.

        --config FILE         configuration (default /etc/kapal/config.toml, if it exists), and config.d beside it
        --run-dir DIR         sockets and state until the next boot (default /run/kapal)
        --data-dir DIR        images, containers, volumes (default /var/lib/kapal)
        --cgroup-parent PATH  cgroup of all containers, or slice of systemd's (default /kapal or system.slice)
        --group NAME          group that may use the command socket (default kapal, if it exists)
        --stop                end the daemon that runs over /run/kapal (or KAPAL_RUN)
        --check [WORD...]     kapal check without a daemon; options of kapald go before it
        --help                this text

      Options win over KAPAL_CONFIG, KAPAL_RUN and KAPAL_DATA, these over the configuration.
      Signals: SIGHUP reads the configuration again. SIGTERM and SIGINT end the daemon; its containers go on.
      """;

  private static final Map<String, String> KEYS =
      Map.of(
          "--run-dir", "run_dir",
          "--data-dir", "data_dir",
          "--cgroup-parent", "cgroup_parent",
          "--group", "group");

  DaemonOptions {
    daemon = Map.copyOf(daemon);
  }

  /** Bad words on the command line. */
  static final class UsageException extends RuntimeException {
    private static final long serialVersionUID = 1;

    UsageException(String message) {
      super(message);
    }
  }

  static DaemonOptions parse(List<String> words, Map<String, String> environment) {
    Map<String, Node> daemon = new LinkedHashMap<>();
    Optional<Path> config =
        variable(environment, "KAPAL_CONFIG").map(file -> absolute("KAPAL_CONFIG", file));
    variable(environment, "KAPAL_RUN")
        .ifPresent(dir -> put(daemon, "KAPAL_RUN", "run_dir", absolute("KAPAL_RUN", dir)));
    variable(environment, "KAPAL_DATA")
        .ifPresent(dir -> put(daemon, "KAPAL_DATA", "data_dir", absolute("KAPAL_DATA", dir)));
    for (int i = 0; i < words.size(); i++) {
      String word = words.get(i);
      int equals = word.indexOf('=');
      String name = equals < 0 ? word : word.substring(0, equals);
      if (!name.equals("--config") && !KEYS.containsKey(name)) {
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
        case "--config" -> config = Optional.of(absolute(name, value));
        case "--run-dir" -> put(daemon, name, "run_dir", absolute(name, value));
        case "--data-dir" -> put(daemon, name, "data_dir", absolute(name, value));
        case "--cgroup-parent" -> put(daemon, name, "cgroup_parent", cgroup(value));
        default -> put(daemon, name, "group", value);
      }
    }
    return new DaemonOptions(config, daemon);
  }

  /** Where the configuration is read, with these options over it. */
  ConfigSource source() {
    ConfigSource files =
        config.map(ConfigSource::ofFile).orElseGet(() -> new ConfigSource(ConfigSource.DIRECTORY));
    if (daemon.isEmpty()) {
      return files;
    }
    Position at = Position.of("command line");
    return files.under(new Node.Table(at, Map.of("daemon", new Node.Table(at, daemon))));
  }

  private static Optional<String> variable(Map<String, String> environment, String name) {
    return Optional.ofNullable(environment.get(name)).filter(value -> !value.isEmpty());
  }

  private static void put(Map<String, Node> daemon, String origin, String key, Object value) {
    daemon.put(key, new Node.Text(Position.of(origin), value.toString()));
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
    if (Slices.named(value).isPresent()) {
      return value;
    }
    Path path = Path.of(value);
    if (!path.isAbsolute() || path.getNameCount() == 0 || !path.normalize().equals(path)) {
      throw new UsageException(
          "kapald: --cgroup-parent \""
              + value
              + "\" is neither a plain absolute path below a cgroup root, such as /kapal, nor a slice's"
              + " name");
    }
    return value;
  }
}

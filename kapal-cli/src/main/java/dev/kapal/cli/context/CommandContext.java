package dev.kapal.cli.context;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * One command of one client: everything it brings. Commands read these instead of the daemon's own
 * streams, working directory and environment.
 *
 * @param arguments the words after {@code kapal}
 * @param directory the client's working directory, absolute
 * @param environment the client's environment
 * @param streams the client's standard streams
 * @param caller who it is
 * @param client the way back to its process
 */
public record CommandContext(
    List<String> arguments,
    String directory,
    Map<String, String> environment,
    Streams streams,
    Caller caller,
    Client client) {
  public CommandContext {
    arguments = List.copyOf(arguments);
    environment = Map.copyOf(environment);
  }

  /** A variable of the client's environment that is set and not empty. */
  public Optional<String> variable(String name) {
    return Optional.ofNullable(environment.get(name)).filter(value -> !value.isEmpty());
  }

  /** An absolute form of a path that the client named. */
  public String resolve(String path) {
    if (path.startsWith("/")) {
      return path;
    }
    return directory.endsWith("/") ? directory + path : directory + "/" + path;
  }

  /**
   * Takes entries of the form {@code NAME=value}; the last of a name counts, others are left out.
   */
  public static Map<String, String> environment(Iterable<String> entries) {
    Map<String, String> map = new HashMap<>();
    for (String entry : entries) {
      int equals = entry.indexOf('=');
      if (equals > 0) {
        map.put(entry.substring(0, equals), entry.substring(equals + 1));
      }
    }
    return map;
  }
}

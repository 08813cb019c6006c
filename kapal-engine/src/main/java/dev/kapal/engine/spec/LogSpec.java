package dev.kapal.engine.spec;

import java.util.Map;
import java.util.Optional;

/**
 * Where a container's output goes.
 *
 * @param driver {@code json-file}, {@code cri} (also {@code k8s-file}), {@code none}; empty: the
 *     engine's default
 * @param options {@code max-size} (such as {@code 10m}), {@code max-file}
 * @param path absolute path of the log file; empty: in the container's own directory (the CRI door
 *     names one)
 */
public record LogSpec(String driver, Map<String, String> options, Optional<String> path) {
  public static final LogSpec DEFAULT = new LogSpec("", Map.of(), Optional.empty());

  public LogSpec {
    options = Checks.ordered(options);
    path.ifPresent(p -> Checks.absolute(p, "log path"));
  }

  public static LogSpec of(String driver) {
    return new LogSpec(driver, Map.of(), Optional.empty());
  }
}

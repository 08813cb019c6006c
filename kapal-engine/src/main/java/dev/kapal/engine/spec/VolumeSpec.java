package dev.kapal.engine.spec;

import java.util.Map;
import java.util.Optional;

/**
 * A volume to make.
 *
 * @param name empty: the engine makes one up
 * @param driver {@code local}
 * @param options {@code type}, {@code device}, {@code o} as for mount(8); none: a directory
 * @param labels for people and tools
 */
public record VolumeSpec(
    Optional<String> name, String driver, Map<String, String> options, Map<String, String> labels) {
  public VolumeSpec {
    name.ifPresent(n -> Checks.name(n, "volume name"));
    options = Checks.ordered(options);
    labels = Checks.ordered(labels);
  }

  public static VolumeSpec of(String name) {
    return new VolumeSpec(Optional.of(name), "local", Map.of(), Map.of());
  }
}

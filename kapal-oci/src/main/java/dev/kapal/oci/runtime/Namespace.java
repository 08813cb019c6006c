package dev.kapal.oci.runtime;

import java.util.Optional;

/**
 * A namespace to make or to join (config-linux.md, Namespaces).
 *
 * @param type which kind
 * @param path absolute path of the one to join; absent: a new one
 */
public record Namespace(NamespaceType type, Optional<String> path) {
  /** Absent members get their defaults. */
  public Namespace {
    type = Defaults.or(type, NamespaceType.UNKNOWN);
    // Go's encoders write a path that is absent as an empty one.
    path = Defaults.optional(path).filter(p -> !p.isEmpty());
  }

  /** A new namespace. */
  public static Namespace create(NamespaceType type) {
    return new Namespace(type, Optional.empty());
  }

  /** The namespace at a path. */
  public static Namespace join(NamespaceType type, String path) {
    return new Namespace(type, Optional.of(path));
  }
}

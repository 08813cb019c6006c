package dev.kapal.oci.runtime;

/**
 * The root file system (config.md, Root).
 *
 * @param path absolute, or relative to the bundle
 * @param readonly whether the container may not write to it
 */
public record Root(String path, boolean readonly) {
  /** Absent members get their defaults. */
  public Root {
    path = Defaults.string(path);
  }
}

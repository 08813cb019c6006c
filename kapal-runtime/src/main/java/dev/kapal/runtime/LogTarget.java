package dev.kapal.runtime;

import java.nio.file.Path;

/**
 * Where the monitor writes what a process prints.
 *
 * @param format how lines look
 * @param path the file, appended to
 * @param maxSize bytes after which the file is rotated; 0: never
 * @param maxFiles how many files are kept, the current one included; at least 1
 */
public record LogTarget(Format format, Path path, long maxSize, int maxFiles) {
  /** How lines look. */
  public enum Format {
    /** Nothing is written. */
    NONE,
    /** Docker's json-file. */
    JSON_FILE,
    /** The kubelet's format. */
    CRI
  }

  /** No log. */
  public static final LogTarget NONE = new LogTarget(Format.NONE, Path.of(""), 0, 1);
}

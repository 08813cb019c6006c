package dev.kapal.image;

import java.util.Arrays;
import java.util.Optional;

/**
 * How an image's layers and a container's changes come to be one tree. Each has a place of its own
 * on disk: what one made, no other one sees.
 */
public enum Snapshotter {
  /** Directories that overlayfs puts together. */
  OVERLAY("overlay", "overlayfs"),

  /**
   * One plain directory with a copy of all files, which shares their blocks where the file system
   * can: for runtimes and hosts without overlayfs.
   */
  COPY("copy", "native");

  private final String word;
  private final String theirs;

  Snapshotter(String word, String theirs) {
    this.word = word;
    this.theirs = theirs;
  }

  /** Its name in the configuration. */
  public String word() {
    return word;
  }

  /** The one of that name, Kapal's or containerd's. */
  public static Optional<Snapshotter> named(String name) {
    return Arrays.stream(values())
        .filter(s -> s.word.equals(name) || s.theirs.equals(name))
        .findFirst();
  }
}

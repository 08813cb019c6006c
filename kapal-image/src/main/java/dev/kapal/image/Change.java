package dev.kapal.image;

/**
 * One path that differs from the image.
 *
 * @param kind how
 * @param path absolute, in the form of {@link dev.kapal.linux.PathBytes}
 */
public record Change(Kind kind, String path) {
  /** How a path differs. */
  public enum Kind {
    /** There is something new. */
    ADDED('A'),
    /** Content or attributes differ. */
    CHANGED('C'),
    /** It is gone. */
    DELETED('D');

    private final char letter;

    Kind(char letter) {
      this.letter = letter;
    }

    /** As {@code docker diff} prints it. */
    public char letter() {
      return letter;
    }
  }
}

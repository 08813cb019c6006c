package dev.kapal.config.text;

import java.util.Comparator;

/**
 * Where something stands.
 *
 * @param file as it was named
 * @param line from 1; 0: the file as a whole
 * @param column from 1, in characters; 0: the line as a whole
 */
public record Position(String file, int line, int column) implements Comparable<Position> {
  private static final Comparator<Position> ORDER =
      Comparator.comparing(Position::file)
          .thenComparingInt(Position::line)
          .thenComparingInt(Position::column);

  /** What no file sets. */
  public static final Position DEFAULT = new Position("default", 0, 0);

  /** A file as a whole. */
  public static Position of(String file) {
    return new Position(file, 0, 0);
  }

  @Override
  public int compareTo(Position other) {
    return ORDER.compare(this, other);
  }

  /** {@code file:line}, or what there is of it. */
  public String place() {
    return line == 0 ? file : file + ":" + line;
  }

  /** {@code file:line:column}, or what there is of it. */
  @Override
  public String toString() {
    return column == 0 ? place() : place() + ":" + column;
  }
}

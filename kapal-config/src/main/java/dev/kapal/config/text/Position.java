package dev.kapal.config.text;

/**
 * Where something stands.
 *
 * @param file as it was named
 * @param line from 1; 0: the file as a whole
 * @param column from 1, in characters; 0: the line as a whole
 */
public record Position(String file, int line, int column) implements Comparable<Position> {
  /** What no file sets. */
  public static final Position DEFAULT = new Position("default", 0, 0);

  /** A file as a whole. */
  public static Position of(String file) {
    return new Position(file, 0, 0);
  }

  @Override
  public int compareTo(Position other) {
    // By hand: a chain of comparators would cost milliseconds at the daemon's start.
    int order = file.compareTo(other.file);
    if (order == 0) {
      order = Integer.compare(line, other.line);
    }
    return order == 0 ? Integer.compare(column, other.column) : order;
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

package dev.kapal.engine.spec;

/** A terminal's size in characters. */
public record TerminalSize(int rows, int columns) {
  public TerminalSize {
    if (rows < 0 || rows > 0xffff || columns < 0 || columns > 0xffff) {
      throw new IllegalArgumentException(
          "terminal size " + rows + "x" + columns + " is outside 0 to 65535");
    }
  }
}

package dev.kapal.streaming;

/**
 * The size of a terminal.
 *
 * @param columns width in characters
 * @param rows height in characters
 */
public record TerminalSize(int columns, int rows) {}

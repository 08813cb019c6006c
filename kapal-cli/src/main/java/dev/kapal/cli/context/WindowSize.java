package dev.kapal.cli.context;

/** A terminal's size in characters. A side of 0 is unknown. */
public record WindowSize(int rows, int columns) {}

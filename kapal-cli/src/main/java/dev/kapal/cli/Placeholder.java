package dev.kapal.cli;

/** Holds the package until its first class stands. */
final class Placeholder {
  private Placeholder() {}
}

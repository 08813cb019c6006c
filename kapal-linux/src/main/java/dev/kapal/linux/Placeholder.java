package dev.kapal.linux;

/** Holds the package until its first class stands. */
final class Placeholder {
  private Placeholder() {}
}

package dev.kapal.image;

/** Holds the package until its first class stands. */
final class Placeholder {
  private Placeholder() {}
}

package dev.kapal.runtime;

/** What a process reads from. */
public enum Input {
  /** {@code /dev/null}. */
  NONE,
  /** A pipe or terminal that is closed when the first attached source ends. */
  ONCE,
  /**
   * A pipe or terminal that stays open when a source ends; {@link ContainerProcess#closeInput}
   * closes it.
   */
  KEEP
}

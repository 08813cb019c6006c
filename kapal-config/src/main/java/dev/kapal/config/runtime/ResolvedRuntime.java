package dev.kapal.config.runtime;

import java.nio.file.Path;

/** What a name of a runtime stands for. */
public sealed interface ResolvedRuntime {
  /** How it is configured. */
  RuntimeEntry entry();

  /** Kapal's own. */
  record BuiltIn(RuntimeEntry entry) implements ResolvedRuntime {}

  /** A program with runc's command line. */
  record Program(RuntimeEntry entry, Path path) implements ResolvedRuntime {}

  /**
   * A shim.
   *
   * @param type such as {@code io.containerd.kata.v2}; the program's name if only a path is known
   */
  record Shim(RuntimeEntry entry, String type, Path path) implements ResolvedRuntime {}
}

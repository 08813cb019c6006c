package dev.kapal.cli.model;

import java.util.List;

/** A node of the command tree. Immutable; built once and shared by all threads. */
public sealed interface Command permits Group, Leaf {
  /** The word that calls it. */
  String name();

  /** Other words that call it. */
  List<String> aliases();

  /** One line for lists of commands. */
  String summary();

  /** The heading under which its parent lists it. */
  String section();

  /** Whether lists and completion leave it out. */
  boolean hidden();

  /** Whether a word calls it. */
  default boolean answersTo(String word) {
    return name().equals(word) || aliases().contains(word);
  }
}

package dev.kapal.config.foreign;

import dev.kapal.config.text.KeyPath;
import dev.kapal.config.text.Node;
import dev.kapal.config.text.Position;
import java.util.List;
import java.util.Optional;

/**
 * A key that was met in a file.
 *
 * @param path its name
 * @param node its value
 */
record Found(KeyPath path, Node node) {
  /** Why nothing is taken of a key that is there without a value. */
  static final String UNSET = "it is empty: the default counts";

  Position at() {
    return node.at();
  }

  /** The name, for people. */
  String key() {
    return path.toString();
  }

  /** The n-th part of the name from the end, 0 for the last. */
  String part(int fromEnd) {
    List<String> parts = path.parts();
    return parts.get(parts.size() - 1 - fromEnd);
  }

  Found child(String key, Node value) {
    return new Found(path.child(key), value);
  }

  Optional<String> text() {
    return node instanceof Node.Text text ? Optional.of(text.value()) : Optional.empty();
  }

  /** True only if it is the boolean true. */
  boolean isTrue() {
    return node instanceof Node.Flag flag && flag.value();
  }

  /** Whether it is what a file with all defaults written out has: nothing, zero, false. */
  boolean isEmpty() {
    return switch (node) {
      case Node.Text text -> text.value().isEmpty();
      case Node.Array array -> array.items().isEmpty();
      case Node.Table table -> table.entries().isEmpty();
      case Node.Flag flag -> !flag.value();
      case Node.Whole whole -> whole.value() == 0;
      case Node.Real _ -> false;
      case Node.Other _ -> true;
    };
  }
}

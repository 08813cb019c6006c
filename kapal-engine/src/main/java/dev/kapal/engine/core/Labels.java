package dev.kapal.engine.core;

import dev.kapal.engine.EngineException;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Filters on labels, and other words of filters. */
final class Labels {
  private Labels() {}

  /** Whether all terms ({@code key} or {@code key=value}) hold. */
  static boolean match(Map<String, String> labels, List<String> terms) {
    return terms.stream().allMatch(t -> one(labels, t));
  }

  /** Whether none holds. */
  static boolean noneMatch(Map<String, String> labels, List<String> terms) {
    return terms.stream().noneMatch(t -> one(labels, t));
  }

  private static boolean one(Map<String, String> labels, String term) {
    int eq = term.indexOf('=');
    return eq < 0
        ? labels.containsKey(term)
        : term.substring(eq + 1).equals(labels.get(term.substring(0, eq)));
  }

  static boolean truth(String text) {
    return switch (text.toLowerCase(Locale.ROOT)) {
      case "1", "true", "t" -> true;
      case "0", "false", "f" -> false;
      default ->
          throw new EngineException.InvalidArgument(
              "\"" + text + "\" is neither true nor false: write one of these");
    };
  }
}

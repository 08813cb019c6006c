package dev.kapal.engine;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Conditions as people write them ({@code --filter name=web}). Values of one key are alternatives
 * (of {@code label}: all needed); keys are all needed. Which keys exist is for each list to say; an
 * unknown one is an {@link EngineException.InvalidArgument}.
 */
public record Filters(Map<String, List<String>> terms) {
  public static final Filters NONE = new Filters(Map.of());

  public Filters {
    Map<String, List<String>> copy = new LinkedHashMap<>();
    terms.forEach((k, v) -> copy.put(k, List.copyOf(v)));
    terms = java.util.Collections.unmodifiableMap(copy);
  }

  /** Reads {@code key=value} terms; {@code label=a=b} splits at the first {@code =}. */
  public static Filters parse(List<String> terms) {
    Map<String, List<String>> map = new LinkedHashMap<>();
    for (String t : terms) {
      int eq = t.indexOf('=');
      if (eq <= 0) {
        throw new EngineException.InvalidArgument(
            "filter \"" + t + "\" is not key=value: write it as in name=web");
      }
      map.computeIfAbsent(t.substring(0, eq), k -> new ArrayList<>()).add(t.substring(eq + 1));
    }
    return new Filters(map);
  }

  /** One key with values. */
  public static Filters of(String key, String... values) {
    return new Filters(Map.of(key, List.of(values)));
  }

  /** The alternatives of a key; empty: it is not restricted. */
  public List<String> values(String key) {
    return terms.getOrDefault(key, List.of());
  }

  /** Refuses keys other than these. */
  public void allowOnly(String... keys) {
    for (String k : terms.keySet()) {
      if (!List.of(keys).contains(k)) {
        throw new EngineException.InvalidArgument(
            "filter \"" + k + "\" is not known here: use one of " + String.join(", ", keys));
      }
    }
  }
}

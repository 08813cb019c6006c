package dev.kapal.config.text;

import java.util.ArrayList;
import java.util.List;

/**
 * The name of a setting: its key and those of the tables around it.
 *
 * @param parts from the outermost table inwards; none: the file's root
 */
public record KeyPath(List<String> parts) implements Comparable<KeyPath> {
  public static final KeyPath ROOT = new KeyPath(List.of());

  public KeyPath {
    parts = List.copyOf(parts);
  }

  public static KeyPath of(String... parts) {
    return new KeyPath(List.of(parts));
  }

  /** The path of a key in the table that this path names. */
  public KeyPath child(String key) {
    List<String> all = new ArrayList<>(parts);
    all.add(key);
    return new KeyPath(all);
  }

  /** The last part. */
  public String last() {
    return parts.isEmpty() ? "" : parts.getLast();
  }

  @Override
  public int compareTo(KeyPath other) {
    int common = Math.min(parts.size(), other.parts.size());
    for (int i = 0; i < common; i++) {
      int order = parts.get(i).compareTo(other.parts.get(i));
      if (order != 0) {
        return order;
      }
    }
    return Integer.compare(parts.size(), other.parts.size());
  }

  /** As TOML writes it. */
  @Override
  public String toString() {
    StringBuilder text = new StringBuilder();
    for (String part : parts) {
      text.append(text.isEmpty() ? "" : ".").append(TomlWriter.key(part));
    }
    return text.toString();
  }
}

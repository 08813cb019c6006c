package dev.kapal.config.schema;

import dev.kapal.config.text.KeyPath;
import dev.kapal.config.text.Node;
import java.time.Duration;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.SortedMap;
import java.util.TreeMap;

/** What is set, defaults included, sorted by key. The values have passed the schema's check. */
public final class Settings {
  private final SortedMap<KeyPath, Setting> all;

  private Settings(SortedMap<KeyPath, Setting> all) {
    this.all = Collections.unmodifiableSortedMap(all);
  }

  /** The defaults with these over them. */
  public static Settings of(Collection<Setting> settings) {
    SortedMap<KeyPath, Setting> all = new TreeMap<>();
    for (Key key : Schema.KEYS) {
      key.standard().ifPresent(node -> all.put(key.path(), new Setting(key.path(), node)));
    }
    settings.forEach(s -> all.put(s.path(), s));
    return new Settings(all);
  }

  /** All of them. */
  public List<Setting> all() {
    return List.copyOf(all.values());
  }

  /** A value, if there is one. */
  public Optional<Node> find(KeyPath path) {
    return Optional.ofNullable(all.get(path)).map(Setting::value);
  }

  /** The names of the tables or keys in a table. */
  public List<String> names(String table) {
    return all.keySet().stream()
        .filter(p -> p.parts().size() > 1 && p.parts().getFirst().equals(table))
        .map(p -> p.parts().get(1))
        .distinct()
        .toList();
  }

  /** The entries of a table with names that the user chose. */
  public Map<String, Node> entries(String... table) {
    Map<String, Node> entries = new TreeMap<>();
    List<String> path = List.of(table);
    all.forEach((key, setting) -> {
      if (key.parts().size() == path.size() + 1
          && key.parts().subList(0, path.size()).equals(path)) {
        entries.put(key.last(), setting.value());
      }
    });
    return entries;
  }

  /** A string. */
  public Optional<String> text(String... path) {
    return find(KeyPath.of(path))
        .flatMap(n -> n instanceof Node.Text t ? Optional.of(t.value()) : Optional.empty());
  }

  /** True or false. */
  public Optional<Boolean> flag(String... path) {
    return find(KeyPath.of(path))
        .flatMap(n -> n instanceof Node.Flag f ? Optional.of(f.value()) : Optional.empty());
  }

  /** A whole number. */
  public OptionalLong whole(String... path) {
    return find(KeyPath.of(path)).orElse(null) instanceof Node.Whole w
        ? OptionalLong.of(w.value())
        : OptionalLong.empty();
  }

  /** An array of strings; empty if it is not set. */
  public List<String> texts(String... path) {
    return find(KeyPath.of(path))
        .map(n -> n instanceof Node.Array a ? a.texts() : List.<String>of())
        .orElse(List.of());
  }

  /** A duration. */
  public Optional<Duration> duration(String... path) {
    return find(KeyPath.of(path)).flatMap(Quantities::duration);
  }

  /** A size in bytes. */
  public OptionalLong size(String... path) {
    return find(KeyPath.of(path)).map(Quantities::size).orElse(OptionalLong.empty());
  }
}

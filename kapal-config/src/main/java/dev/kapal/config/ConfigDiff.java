package dev.kapal.config;

import dev.kapal.config.schema.Key;
import dev.kapal.config.schema.Schema;
import dev.kapal.config.text.KeyPath;
import dev.kapal.config.text.Node;
import dev.kapal.config.text.TomlWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;

/**
 * What is different between two configurations.
 *
 * @param changes sorted by key
 */
public record ConfigDiff(List<Change> changes) {
  public ConfigDiff {
    changes = List.copyOf(changes);
  }

  /**
   * One difference.
   *
   * @param before empty: it was not set
   * @param after empty: it is no longer set
   * @param restart whether it counts only after the daemon was started anew
   */
  public record Change(KeyPath key, Optional<Node> before, Optional<Node> after, boolean restart) {
    /** The old value and the new one. */
    public String values() {
      return before.map(TomlWriter::value).orElse("not set")
          + " -> "
          + after.map(TomlWriter::value).orElse("not set");
    }

    /** One line. */
    @Override
    public String toString() {
      return key + ": " + values() + (restart ? " (counts after a restart of the daemon)" : "");
    }
  }

  /** Compares values; where they stand does not count. */
  public static ConfigDiff between(KapalConfig before, KapalConfig after) {
    TreeSet<KeyPath> keys = new TreeSet<>();
    before.all().forEach(s -> keys.add(s.path()));
    after.all().forEach(s -> keys.add(s.path()));
    List<Change> changes = new ArrayList<>();
    for (KeyPath key : keys) {
      Optional<Node> old = before.settings().find(key);
      Optional<Node> fresh = after.settings().find(key);
      if (!old.map(Node::plain).equals(fresh.map(Node::plain))) {
        changes.add(new Change(key, old, fresh, Schema.find(key).map(Key::restart).orElse(false)));
      }
    }
    return new ConfigDiff(changes);
  }

  /** Those that count only after the daemon was started anew. */
  public List<Change> needRestart() {
    return changes.stream().filter(Change::restart).toList();
  }
}

package dev.kapal.config.schema;

import dev.kapal.config.text.KeyPath;
import dev.kapal.config.text.Node;
import dev.kapal.config.text.TomlWriter;
import java.util.Optional;

/**
 * One key of the configuration.
 *
 * @param path its name; a part such as {@code <name>} stands for any word
 * @param type what it holds
 * @param standard its value when no file sets it; empty: none
 * @param rule what its value must fulfil
 * @param restart whether a change counts only after the daemon was started anew
 * @param effective whether this version of Kapal does what it says; if not, setting it is warned of
 * @param doc one sentence
 */
public record Key(
    KeyPath path,
    Type type,
    Optional<Node> standard,
    Rule rule,
    boolean restart,
    boolean effective,
    String doc) {
  /** Whether a part stands for any word. */
  static boolean any(String part) {
    return part.startsWith("<");
  }

  /** Whether this is the key of a path. */
  boolean names(KeyPath other) {
    return path.parts().size() == other.parts().size() && leads(other);
  }

  /** Whether this key lies in the table of a path. */
  boolean isIn(KeyPath table) {
    return path.parts().size() > table.parts().size() && leads(table);
  }

  private boolean leads(KeyPath other) {
    for (int i = 0; i < other.parts().size(); i++) {
      String part = path.parts().get(i);
      if (!any(part) && !part.equals(other.parts().get(i))) {
        return false;
      }
    }
    return true;
  }

  /** The name as the documentation writes it. */
  public String name() {
    return String.join(".", path.parts());
  }

  /** The default as TOML writes it; empty: none. */
  public String standardText() {
    return standard.map(TomlWriter::value).orElse("");
  }
}

package dev.kapal.config.schema;

import dev.kapal.config.text.KeyPath;
import dev.kapal.config.text.Node;
import dev.kapal.config.text.TomlWriter;

/** A setting and its value. */
public record Setting(KeyPath path, Node value) {
  /** {@code file:line}, or {@code default}. */
  public String origin() {
    return value.at().place();
  }

  /** As a line of TOML, with the tables in the key. */
  public String line() {
    return path + " = " + TomlWriter.value(value);
  }
}

package dev.kapal.config.schema;

import dev.kapal.config.text.Node;

/** What a setting holds. */
public enum Type {
  TEXT("string", "a string", "key = \"value\""),
  FLAG("boolean", "true or false", "key = true"),
  WHOLE("integer", "a whole number", "key = 3"),
  DURATION("duration", "a duration", "key = \"90s\", \"1m30s\", or seconds as a number"),
  SIZE("size", "a size", "key = \"10m\", \"64k\", or bytes as a number"),
  TEXTS("array of strings", "an array of strings", "key = [\"a\", \"b\"]"),
  LIMIT("limit", "a limit", "key = \"1024:4096\" (soft:hard), one number for both, \"unlimited\""),
  TABLE("table", "a table", "a table of its own");

  private final String word;
  private final String what;
  private final String example;

  Type(String word, String what, String example) {
    this.word = word;
    this.what = what;
    this.example = example;
  }

  /** The type's name in the documentation. */
  public String word() {
    return word;
  }

  /** With its article. */
  public String what() {
    return what;
  }

  /** How to write one. */
  public String example() {
    return example;
  }

  /** Whether a value is of this type. */
  public boolean holds(Node node) {
    return switch (this) {
      case TEXT -> node instanceof Node.Text;
      case FLAG -> node instanceof Node.Flag;
      case WHOLE -> node instanceof Node.Whole;
      case DURATION -> Quantities.duration(node).isPresent();
      case SIZE -> Quantities.size(node).isPresent();
      case TEXTS ->
          node instanceof Node.Array array
              && array.items().stream().allMatch(i -> i instanceof Node.Text);
      case LIMIT -> Quantities.limit(node).isPresent();
      case TABLE -> node instanceof Node.Table;
    };
  }
}

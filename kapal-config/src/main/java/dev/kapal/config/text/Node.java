package dev.kapal.config.text;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A value of a configuration file, whatever the file's syntax, and where it stands. */
public sealed interface Node {
  /** Where it stands; for what has a key, where the key stands. */
  Position at();

  /** What it is, for messages: {@code a string}. */
  String what();

  /** The value without positions: maps, lists, strings, numbers, booleans. */
  Object plain();

  /** The same at another place. */
  Node movedTo(Position place);

  /** Keys and values, in the file's order. */
  record Table(Position at, Map<String, Node> entries) implements Node {
    public Table {
      entries = Collections.unmodifiableMap(new LinkedHashMap<>(entries));
    }

    /** A table without entries. */
    public static Table empty(Position at) {
      return new Table(at, Map.of());
    }

    /** The value of a key. */
    public Optional<Node> get(String key) {
      return Optional.ofNullable(entries.get(key));
    }

    /** The value at a path of keys. */
    public Optional<Node> find(String... path) {
      Optional<Node> node = Optional.of(this);
      for (String key : path) {
        node = node.flatMap(n -> n instanceof Table table ? table.get(key) : Optional.empty());
      }
      return node;
    }

    /** This table with another one's entries over it; tables within are merged the same way. */
    public Table under(Table above) {
      Map<String, Node> merged = new LinkedHashMap<>(entries);
      above.entries.forEach((key, node) ->
          merged.merge(
              key,
              node,
              (old, fresh) ->
                  old instanceof Table a && fresh instanceof Table b ? a.under(b) : fresh));
      return new Table(at, merged);
    }

    @Override
    public String what() {
      return "a table";
    }

    @Override
    public Object plain() {
      Map<String, Object> plain = new LinkedHashMap<>();
      entries.forEach((key, node) -> plain.put(key, node.plain()));
      return plain;
    }

    @Override
    public Node movedTo(Position place) {
      return new Table(place, entries);
    }
  }

  /** Values in order. */
  record Array(Position at, List<Node> items) implements Node {
    public Array {
      items = List.copyOf(items);
    }

    /** An array of strings, all at one place. */
    public static Array of(Position at, List<String> texts) {
      return new Array(at, texts.stream().<Node>map(t -> new Text(at, t)).toList());
    }

    /** The strings among the items. */
    public List<String> texts() {
      List<String> texts = new ArrayList<>();
      for (Node item : items) {
        if (item instanceof Text text) {
          texts.add(text.value());
        }
      }
      return List.copyOf(texts);
    }

    @Override
    public String what() {
      return "an array";
    }

    @Override
    public Object plain() {
      return items.stream().map(Node::plain).toList();
    }

    @Override
    public Node movedTo(Position place) {
      return new Array(place, items);
    }
  }

  /** A string. */
  record Text(Position at, String value) implements Node {
    @Override
    public String what() {
      return "a string";
    }

    @Override
    public Object plain() {
      return value;
    }

    @Override
    public Node movedTo(Position place) {
      return new Text(place, value);
    }
  }

  /** A whole number. */
  record Whole(Position at, long value) implements Node {
    @Override
    public String what() {
      return "a whole number";
    }

    @Override
    public Object plain() {
      return value;
    }

    @Override
    public Node movedTo(Position place) {
      return new Whole(place, value);
    }
  }

  /** Another number. */
  record Real(Position at, double value) implements Node {
    @Override
    public String what() {
      return "a number with a fraction";
    }

    @Override
    public Object plain() {
      return value;
    }

    @Override
    public Node movedTo(Position place) {
      return new Real(place, value);
    }
  }

  /** True or false. */
  record Flag(Position at, boolean value) implements Node {
    @Override
    public String what() {
      return "true or false";
    }

    @Override
    public Object plain() {
      return value;
    }

    @Override
    public Node movedTo(Position place) {
      return new Flag(place, value);
    }
  }

  /** What no setting takes: null, a date, a time. */
  record Other(Position at, String what, String text) implements Node {
    @Override
    public Object plain() {
      return text;
    }

    @Override
    public Node movedTo(Position place) {
      return new Other(place, what, text);
    }
  }
}

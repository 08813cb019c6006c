package dev.kapal.config.text;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.tomlj.Toml;
import org.tomlj.TomlArray;
import org.tomlj.TomlInvalidTypeException;
import org.tomlj.TomlParseResult;
import org.tomlj.TomlPosition;
import org.tomlj.TomlTable;
import org.tomlj.TomlVersion;

/** Reads TOML 1.0. */
public final class TomlReader {
  /** Brackets within brackets, and dots in a key: the parser recurses. */
  static final int DEEPEST = 64;

  private static final int MOST_PROBLEMS = 20;

  private TomlReader() {}

  /** Reads a text; never throws. */
  public static Parsed read(String file, String text) {
    Optional<Problem> deep = tooDeep(file, text);
    if (deep.isPresent()) {
      return Parsed.failed(deep.get());
    }
    TomlParseResult toml;
    try {
      toml = Toml.parse(text, TomlVersion.V1_0_0);
    } catch (RuntimeException | StackOverflowError e) {
      return Parsed.failed(
          Problem.error(Position.of(file), "", "this is not TOML: " + e.getMessage()));
    }
    List<Problem> problems = new ArrayList<>();
    toml.errors().stream()
        .limit(MOST_PROBLEMS)
        .forEach(e ->
            problems.add(
                Problem.error(
                    position(file, e.position()),
                    "",
                    "this is not TOML: "
                        + Optional.ofNullable(e.getMessage()).orElse("")
                        + hint(text, e.position()))));
    try {
      return new Parsed(table(file, toml, new Position(file, 1, 1), 0), problems);
    } catch (TooDeep | TomlInvalidTypeException e) {
      problems.add(Problem.error(Position.of(file), "", "this is not usable: " + e.getMessage()));
      return new Parsed(Node.Table.empty(Position.of(file)), problems);
    }
  }

  /** What people coming from other syntaxes write. */
  private static String hint(String text, TomlPosition at) {
    String line = text.lines().skip(Math.max(0, at.line() - 1)).findFirst().orElse("").strip();
    if (line.startsWith("//")) {
      return ". A comment in TOML begins with #";
    }
    if (line.matches("[A-Za-z0-9_.-]+\\s*:.*")) {
      return ". TOML writes key = value, not key: value";
    }
    if (line.matches(".*=\\s*(True|False|TRUE|FALSE|yes|no|on|off)\\s*")) {
      return ". TOML's truth values are true and false";
    }
    if (line.matches("[A-Za-z0-9_.-]+\\s*=\\s*(?!true|false|inf|nan)[A-Za-z/].*")) {
      return ". A string needs quotes: key = \"value\"";
    }
    return "";
  }

  private static Position position(String file, TomlPosition at) {
    return new Position(file, at.line(), at.column());
  }

  private static Node.Table table(String file, TomlTable table, Position at, int depth)
      throws TooDeep {
    if (depth > DEEPEST) {
      throw new TooDeep();
    }
    record Placed(String key, Position at, Object value) {}
    List<Placed> placed = new ArrayList<>();
    for (String key : table.keySet()) {
      Object value = table.get(List.of(key));
      TomlPosition place = table.inputPositionOf(List.of(key));
      if (value != null) {
        placed.add(new Placed(key, place == null ? at : position(file, place), value));
      }
    }
    placed.sort(Comparator.comparing(Placed::at).thenComparing(Placed::key));
    Map<String, Node> entries = new LinkedHashMap<>();
    for (Placed entry : placed) {
      entries.put(entry.key(), node(file, entry.value(), entry.at(), depth + 1));
    }
    return new Node.Table(at, entries);
  }

  private static Node node(String file, Object value, Position at, int depth) throws TooDeep {
    return switch (value) {
      case TomlTable table -> table(file, table, at, depth);
      case TomlArray array -> array(file, array, at, depth);
      case String text -> new Node.Text(at, text);
      case Long whole -> new Node.Whole(at, whole);
      case Double real -> new Node.Real(at, real);
      case Boolean flag -> new Node.Flag(at, flag);
      default -> new Node.Other(at, "a date or time", value.toString());
    };
  }

  private static Node array(String file, TomlArray array, Position at, int depth) throws TooDeep {
    if (depth > DEEPEST) {
      throw new TooDeep();
    }
    List<Node> items = new ArrayList<>(array.size());
    for (int i = 0; i < array.size(); i++) {
      items.add(node(file, array.get(i), position(file, array.inputPositionOf(i)), depth + 1));
    }
    return new Node.Array(at, items);
  }

  private static final class TooDeep extends Exception {
    private static final long serialVersionUID = 1L;

    TooDeep() {
      super("tables are nested more than " + DEEPEST + " deep", null, false, false);
    }
  }

  /**
   * Whether brackets or dots of a line nest deeper than anything sensible. Strings count as if they
   * were none: that can only refuse what nobody writes.
   */
  private static Optional<Problem> tooDeep(String file, String text) {
    int line = 1;
    int open = 0;
    int dots = 0;
    for (int i = 0; i < text.length(); i++) {
      switch (text.charAt(i)) {
        case '\n' -> {
          line++;
          dots = 0;
        }
        case '[', '{' -> open++;
        case ']', '}' -> open = Math.max(0, open - 1);
        case '.' -> dots++;
        case '=', '"', '\'', ' ', ',' -> dots = 0;
        default -> {}
      }
      if (open > DEEPEST || dots > DEEPEST) {
        return Optional.of(
            Problem.error(
                new Position(file, line, 0),
                "",
                "this is nested more than " + DEEPEST + " deep; nothing that Kapal reads is"));
      }
    }
    return Optional.empty();
  }
}

package dev.kapal.config.text;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Reads JSON as RFC 8259 has it, which is how dockerd reads its file. What people write beyond it
 * (comments, commas at the end, tabs in strings) is named as what it is and read over, so that one
 * report holds all of it.
 */
public final class JsonReader {
  private static final int DEEPEST = 64;
  private static final int MOST_PROBLEMS = 20;

  private final String file;
  private final String text;
  private final List<Problem> problems = new ArrayList<>();
  private int index;
  private int line = 1;
  private int lineStart;

  private JsonReader(String file, String text) {
    this.file = file;
    this.text = text;
  }

  /** Reads a text whose root is an object; never throws. */
  public static Parsed read(String file, String text) {
    JsonReader reader = new JsonReader(file, text);
    Position start = new Position(file, 1, 1);
    try {
      if (text.startsWith("\uFEFF")) {
        reader.problem("the file begins with a byte order mark; JSON has none: save it without");
        reader.next();
      }
      reader.space();
      if (reader.atEnd()) {
        reader.problem("the file is empty; write at least {}");
        return new Parsed(Node.Table.empty(start), reader.problems);
      }
      Node root = reader.value(0);
      reader.space();
      if (!reader.atEnd()) {
        reader.problem("there is text behind the end of the JSON value");
      }
      if (root instanceof Node.Table table) {
        return new Parsed(table, reader.problems);
      }
      reader.problems.add(
          Problem.error(root.at(), "", "the file holds " + root.what() + ", not an object: {...}"));
    } catch (Unreadable _) {
      // The problem is in the list.
    }
    return new Parsed(Node.Table.empty(start), reader.problems);
  }

  private static final class Unreadable extends Exception {
    private static final long serialVersionUID = 1L;

    Unreadable() {
      super("unreadable", null, false, false);
    }
  }

  private boolean atEnd() {
    return index >= text.length();
  }

  /** NUL at the end: it is in no JSON text. */
  private char peek() {
    return atEnd() ? '\0' : text.charAt(index);
  }

  private char next() {
    char c = text.charAt(index++);
    if (c == '\n') {
      line++;
      lineStart = index;
    }
    return c;
  }

  private Position here() {
    return new Position(file, line, index - lineStart + 1);
  }

  private void problem(String message) throws Unreadable {
    problem(here(), message);
  }

  private void problem(Position at, String message) throws Unreadable {
    problems.add(Problem.error(at, "", message));
    if (problems.size() >= MOST_PROBLEMS) {
      throw new Unreadable();
    }
  }

  private Unreadable unreadable(String message) {
    problems.add(Problem.error(here(), "", message));
    return new Unreadable();
  }

  /** White space, and the comments that JSON does not have. */
  private void space() throws Unreadable {
    while (!atEnd()) {
      char c = peek();
      if (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
        next();
      } else if (text.startsWith("//", index) || c == '#') {
        problem(
            "JSON has no comments, and dockerd refuses to start over one: remove \""
                + clip(restOfLine())
                + "\"");
        while (!atEnd() && peek() != '\n') {
          next();
        }
      } else if (text.startsWith("/*", index)) {
        problem("JSON has no comments, and dockerd refuses to start over one: remove the /* */");
        int end = text.indexOf("*/", index + 2);
        if (end < 0) {
          throw unreadable("the comment has no end");
        }
        while (index < end + 2) {
          next();
        }
      } else {
        return;
      }
    }
  }

  private String restOfLine() {
    int end = text.indexOf('\n', index);
    return text.substring(index, end < 0 ? text.length() : end).strip();
  }

  private static String clip(String shown) {
    return shown.length() <= 40 ? shown : shown.substring(0, 40) + "…";
  }

  private Node value(int depth) throws Unreadable {
    if (depth > DEEPEST) {
      throw unreadable("values are nested more than " + DEEPEST + " deep");
    }
    Position at = here();
    char c = peek();
    if (c == '{') {
      return object(at, depth);
    }
    if (c == '[') {
      return array(at, depth);
    }
    if (c == '"') {
      return new Node.Text(at, string());
    }
    if (c == '\'' || c == '\u201c' || c == '\u201d' || c == '\u2018' || c == '\u2019') {
      throw unreadable("strings stand between plain double quotes (\"), not between " + c);
    }
    if (c == '-' || (c >= '0' && c <= '9')) {
      return number(at);
    }
    return word(at);
  }

  private Node word(Position at) throws Unreadable {
    int start = index;
    while (!atEnd() && (Character.isLetterOrDigit(peek()) || "_-.+".indexOf(peek()) >= 0)) {
      next();
    }
    String word = text.substring(start, index);
    return switch (word) {
      case "true", "false" -> new Node.Flag(at, word.equals("true"));
      case "null" -> new Node.Other(at, "null", "null");
      case "True", "False", "TRUE", "FALSE" -> {
        problem(at, "JSON writes " + word + " as " + word.toLowerCase(java.util.Locale.ROOT));
        yield new Node.Flag(at, word.equalsIgnoreCase("true"));
      }
      case "" ->
          throw unreadable(atEnd() ? unfinished() : "a value is missing before \"" + peek() + "\"");
      default -> {
        problem(at, "a string needs double quotes: \"" + clip(word) + "\"");
        yield new Node.Text(at, word);
      }
    };
  }

  private static String unfinished() {
    return "the file ends too early: a closing } or ] is missing";
  }

  private Node number(Position at) throws Unreadable {
    int start = index;
    while (!atEnd() && "+-0123456789.eE".indexOf(peek()) >= 0) {
      next();
    }
    String digits = text.substring(start, index);
    if (!digits.matches("-?(0|[1-9][0-9]*)(\\.[0-9]+)?([eE][+-]?[0-9]+)?")) {
      problem(at, "\"" + clip(digits) + "\" is not a number as JSON has it");
      return new Node.Text(at, digits);
    }
    try {
      return new Node.Whole(at, Long.parseLong(digits));
    } catch (NumberFormatException _) {
      return new Node.Real(at, Double.parseDouble(digits));
    }
  }

  private String string() throws Unreadable {
    Position start = here();
    next();
    StringBuilder value = new StringBuilder();
    while (true) {
      if (atEnd() || peek() == '\n' || peek() == '\r') {
        problems.add(Problem.error(start, "", "the string has no closing quote on its line"));
        throw new Unreadable();
      }
      Position at = here();
      char c = next();
      if (c == '"') {
        return value.toString();
      }
      if (c == '\\') {
        escape(at, value);
        continue;
      }
      if (c < 0x20) {
        problem(
            at,
            (c == '\t' ? "a tab" : "a control character")
                + " stands in a string; write "
                + code(c));
      }
      value.append(c);
    }
  }

  private static String code(char c) {
    return c == '\t' ? "\\t" : String.format("\\u%04x", (int) c);
  }

  private void escape(Position at, StringBuilder value) throws Unreadable {
    char c = peek();
    if (!atEnd()) {
      next();
    }
    switch (c) {
      case '"', '\\', '/' -> value.append(c);
      case 'b' -> value.append('\b');
      case 'f' -> value.append('\f');
      case 'n' -> value.append('\n');
      case 'r' -> value.append('\r');
      case 't' -> value.append('\t');
      case 'u' -> {
        String hex = text.substring(index, Math.min(text.length(), index + 4));
        if (hex.matches("[0-9a-fA-F]{4}")) {
          value.append((char) Integer.parseInt(hex, 16));
          index += 4;
        } else {
          problem(at, "\\u needs four hexadecimal digits");
        }
      }
      default -> problem(at, "\\" + c + " is no escape that JSON has; a backslash is \\\\");
    }
  }

  private Node object(Position at, int depth) throws Unreadable {
    next();
    Map<String, Node> entries = new LinkedHashMap<>();
    space();
    while (peek() != '}') {
      Position keyAt = here();
      String key = key();
      space();
      if (peek() == ':') {
        next();
      } else if (peek() == '=') {
        problem("JSON writes \"key\": value, not key = value");
        next();
      } else {
        throw unreadable(
            atEnd() ? unfinished() : "a colon is missing behind the key \"" + clip(key) + "\"");
      }
      space();
      Node value = value(depth + 1).movedTo(keyAt);
      Node before = entries.put(key, value);
      if (before != null) {
        problems.add(
            Problem.warning(
                keyAt,
                "\"" + clip(key) + "\"",
                "stands here for the second time (first in line "
                    + before.at().line()
                    + "); the engine takes the last one without a word"));
      }
      separator('}');
    }
    next();
    return new Node.Table(at, entries);
  }

  private String key() throws Unreadable {
    if (peek() == '"') {
      return string();
    }
    if (atEnd()) {
      throw unreadable(unfinished());
    }
    Position at = here();
    int start = index;
    while (!atEnd() && (Character.isLetterOrDigit(peek()) || "_-.'".indexOf(peek()) >= 0)) {
      next();
    }
    String key = text.substring(start, index).replace("'", "");
    if (key.isEmpty()) {
      throw unreadable("a key between double quotes is missing before \"" + peek() + "\"");
    }
    problem(at, "the key " + clip(key) + " needs double quotes: \"" + clip(key) + "\"");
    return key;
  }

  /** Passes a comma, complains of a missing one or of one before the end. */
  private void separator(char end) throws Unreadable {
    space();
    if (atEnd()) {
      throw unreadable(unfinished());
    }
    if (peek() == end) {
      return;
    }
    if (peek() != ',') {
      if (peek() == '"' || peek() == '{' || peek() == '[') {
        problem("a comma is missing before this");
        return;
      }
      throw unreadable("a comma or \"" + end + "\" is missing before \"" + peek() + "\"");
    }
    Position comma = here();
    next();
    space();
    if (peek() == end) {
      problem(comma, "a comma stands before the closing \"" + end + "\"; JSON allows none there");
    }
  }

  private Node array(Position at, int depth) throws Unreadable {
    next();
    List<Node> items = new ArrayList<>();
    space();
    while (peek() != ']') {
      if (atEnd()) {
        throw unreadable(unfinished());
      }
      items.add(value(depth + 1));
      separator(']');
    }
    next();
    return new Node.Array(at, items);
  }
}

package dev.kapal.config.text;

import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** Writes TOML 1.0. The same values give the same text. */
public final class TomlWriter {
  private TomlWriter() {}

  /** A key, bare if it can be. */
  public static String key(String key) {
    boolean bare =
        !key.isEmpty()
            && key.chars()
                .allMatch(c ->
                    (c >= 'a' && c <= 'z')
                        || (c >= 'A' && c <= 'Z')
                        || (c >= '0' && c <= '9')
                        || c == '-'
                        || c == '_');
    return bare ? key : string(key);
  }

  /** A value on one line; tables are inline tables, sorted by key. */
  public static String value(Node node) {
    return switch (node) {
      case Node.Text text -> string(text.value());
      case Node.Whole whole -> Long.toString(whole.value());
      case Node.Real real -> real(real.value());
      case Node.Flag flag -> Boolean.toString(flag.value());
      case Node.Array array ->
          array.items().stream().map(TomlWriter::value).collect(Collectors.joining(", ", "[", "]"));
      case Node.Table table -> inline(table);
      case Node.Other other -> string(other.text());
    };
  }

  private static String inline(Node.Table table) {
    Map<String, Node> sorted = new TreeMap<>(table.entries());
    return sorted.isEmpty()
        ? "{}"
        : sorted.entrySet().stream()
            .map(e -> key(e.getKey()) + " = " + value(e.getValue()))
            .collect(Collectors.joining(", ", "{ ", " }"));
  }

  private static String real(double value) {
    if (Double.isNaN(value)) {
      return "nan";
    }
    if (Double.isInfinite(value)) {
      return value > 0 ? "inf" : "-inf";
    }
    return Double.toString(value);
  }

  private static String string(String text) {
    StringBuilder out = new StringBuilder(text.length() + 2).append('"');
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      switch (c) {
        case '"' -> out.append("\\\"");
        case '\\' -> out.append("\\\\");
        case '\n' -> out.append("\\n");
        case '\r' -> out.append("\\r");
        case '\t' -> out.append("\\t");
        default -> {
          if (c < 0x20 || c == 0x7f || (Character.isSurrogate(c) && !paired(text, i))) {
            out.append(Character.isSurrogate(c) ? "\\uFFFD" : String.format("\\u%04X", (int) c));
          } else {
            out.append(c);
          }
        }
      }
    }
    return out.append('"').toString();
  }

  private static boolean paired(String text, int i) {
    return Character.isHighSurrogate(text.charAt(i))
        ? i + 1 < text.length() && Character.isLowSurrogate(text.charAt(i + 1))
        : i > 0 && Character.isHighSurrogate(text.charAt(i - 1));
  }

  /** Text as one line of a comment. */
  public static String comment(String text) {
    return "# " + text.replaceAll("[\\p{Cntrl}\\x{2028}\\x{2029}]+", " ").strip();
  }
}

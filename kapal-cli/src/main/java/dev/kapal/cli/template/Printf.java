package dev.kapal.cli.template;

import dev.kapal.cli.output.Text;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Go's {@code fmt.Sprintf} for the verbs {@code %v %s %q %d %t %x %X %o %b %c %U %f %e %g %T %%}.
 * Used once.
 */
final class Printf {
  private static final int WIDEST = 4096;

  private final String format;
  private final List<@Nullable Object> arguments;
  private final StringBuilder out = new StringBuilder();
  private int at;
  private int used;

  private Printf(String format, List<@Nullable Object> arguments) {
    this.format = format;
    this.arguments = arguments;
  }

  static String format(String format, List<@Nullable Object> arguments) {
    return new Printf(format, arguments).run();
  }

  private String run() {
    while (at < format.length()) {
      char c = format.charAt(at++);
      if (c == '%') {
        verb();
      } else {
        out.append(c);
      }
    }
    if (used < arguments.size()) {
      out.append("%!(EXTRA ");
      for (int i = used; i < arguments.size(); i++) {
        out.append(i > used ? ", " : "").append(Values.text(arguments.get(i)));
      }
      out.append(')');
    }
    return out.toString();
  }

  private void verb() {
    boolean left = false;
    boolean zero = false;
    boolean plus = false;
    boolean sharp = false;
    boolean space = false;
    for (; at < format.length() && "-0+# ".indexOf(format.charAt(at)) >= 0; at++) {
      switch (format.charAt(at)) {
        case '-' -> left = true;
        case '0' -> zero = true;
        case '+' -> plus = true;
        case '#' -> sharp = true;
        default -> space = true;
      }
    }
    int width = digits();
    int precision = -1;
    if (at < format.length() && format.charAt(at) == '.') {
      at++;
      precision = Math.max(0, digits());
    }
    if (at >= format.length()) {
      out.append("%!(NOVERB)");
      return;
    }
    char verb = format.charAt(at++);
    if (verb == '%') {
      out.append('%');
      return;
    }
    if (used >= arguments.size()) {
      out.append("%!").append(verb).append("(MISSING)");
      return;
    }
    Object value = arguments.get(used++);
    String text = convert(verb, value, precision, sharp);
    if (value instanceof Number n && n.doubleValue() >= 0 && "dfegvF".indexOf(verb) >= 0) {
      text = plus ? "+" + text : space ? " " + text : text;
    }
    int pad = Math.min(width, WIDEST) - Text.width(text);
    if (pad <= 0) {
      out.append(text);
    } else if (left) {
      out.append(text).repeat(' ', pad);
    } else if (zero && value instanceof Number) {
      boolean sign = text.startsWith("-") || text.startsWith("+");
      out.append(sign ? text.substring(0, 1) : "")
          .repeat('0', pad)
          .append(text, sign ? 1 : 0, text.length());
    } else {
      out.repeat(zero ? '0' : ' ', pad).append(text);
    }
  }

  private int digits() {
    int value = -1;
    while (at < format.length() && Character.digit(format.charAt(at), 10) >= 0) {
      value = Math.min(WIDEST, Math.max(0, value) * 10 + Character.digit(format.charAt(at++), 10));
    }
    return value;
  }

  private static String convert(char verb, @Nullable Object value, int precision, boolean sharp) {
    return switch (verb) {
      case 'v' -> sharp && value instanceof String s ? Text.quote(s) : Values.text(value);
      case 's' ->
          value instanceof Number || value instanceof Boolean
              ? wrong(verb, value)
              : cut(Values.text(value), precision);
      case 'q' ->
          switch (value) {
            case String s -> Text.quote(cut(s, precision));
            case List<?> list ->
                "["
                    + String.join(" ", list.stream().map(e -> Text.quote(Values.text(e))).toList())
                    + "]";
            case Long l when Character.isValidCodePoint(l.intValue()) ->
                "'" + Character.toString(l.intValue()) + "'";
            case null, default -> wrong(verb, value);
          };
      case 'd' -> integer(value) ? Values.text(value) : wrong(verb, value);
      case 't' -> value instanceof Boolean ? value.toString() : wrong(verb, value);
      case 'x', 'X' -> hexadecimal(verb, value);
      case 'o' ->
          value instanceof Number n && integer(value)
              ? Long.toOctalString(n.longValue())
              : wrong(verb, value);
      case 'b' ->
          value instanceof Number n && integer(value)
              ? Long.toBinaryString(n.longValue())
              : wrong(verb, value);
      case 'c' ->
          value instanceof Number n && integer(value) && Character.isValidCodePoint(n.intValue())
              ? Character.toString(n.intValue())
              : wrong(verb, value);
      case 'U' ->
          value instanceof Number n && integer(value)
              ? String.format(Locale.ROOT, "U+%04X", n.longValue())
              : wrong(verb, value);
      case 'f', 'F', 'e', 'g' ->
          value instanceof Double d
              ? verb == 'g' && precision < 0
                  ? Values.text(d)
                  : String.format(
                      Locale.ROOT,
                      "%."
                          + (precision < 0 ? 6 : Math.min(precision, 100))
                          + (verb == 'F' ? 'f' : verb),
                      d)
              : wrong(verb, value);
      case 'T' ->
          switch (value) {
            case null -> "<nil>";
            case String s -> "string";
            case Boolean b -> "bool";
            case Double d -> "float64";
            case Number n -> "int64";
            case List<?> list -> "[]interface {}";
            default -> "map[string]interface {}";
          };
      default -> wrong(verb, value);
    };
  }

  private static String hexadecimal(char verb, @Nullable Object value) {
    String hex;
    if (value instanceof String s) {
      hex = java.util.HexFormat.of().formatHex(s.getBytes(java.nio.charset.StandardCharsets.UTF_8));
    } else if (value instanceof Number n && integer(value)) {
      hex =
          n.longValue() < 0
              ? "-" + Long.toHexString(-n.longValue())
              : Long.toHexString(n.longValue());
    } else {
      return wrong(verb, value);
    }
    return verb == 'X' ? hex.toUpperCase(Locale.ROOT) : hex;
  }

  private static boolean integer(@Nullable Object value) {
    return value instanceof Number && !(value instanceof Double);
  }

  private static String cut(String text, int precision) {
    return precision >= 0 && precision < text.codePointCount(0, text.length())
        ? text.substring(0, text.offsetByCodePoints(0, precision))
        : text;
  }

  private static String wrong(char verb, @Nullable Object value) {
    return "%!" + verb + "(" + Values.text(value) + ")";
  }
}

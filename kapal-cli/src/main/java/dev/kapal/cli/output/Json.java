package dev.kapal.cli.output;

import java.util.Collection;
import java.util.Iterator;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Writes trees of maps, collections, strings, numbers, booleans and nulls as JSON (RFC 8259). */
public final class Json {
  private final StringBuilder out = new StringBuilder();
  private final String indent;

  private Json(String indent) {
    this.indent = indent;
  }

  /** On one line, without spaces. */
  public static String compact(@Nullable Object value) {
    Json json = new Json("");
    json.value(value, 0);
    return json.out.toString();
  }

  /** Over many lines, four spaces a level, as docker's inspect prints it. */
  public static String pretty(@Nullable Object value) {
    Json json = new Json("    ");
    json.value(value, 0);
    return json.out.toString();
  }

  private void value(@Nullable Object value, int depth) {
    switch (value) {
      case null -> out.append("null");
      case Map<?, ?> map -> object(map, depth);
      case Collection<?> list -> array(list, depth);
      case Boolean b -> out.append(b.booleanValue());
      case Double d -> number(d);
      case Number n -> out.append(n);
      default -> string(value.toString());
    }
  }

  private void number(double d) {
    if (Double.isNaN(d) || Double.isInfinite(d)) {
      out.append("null");
    } else if (d == Math.rint(d) && Math.abs(d) < 1e15) {
      out.append((long) d);
    } else {
      out.append(d);
    }
  }

  private void object(Map<?, ?> map, int depth) {
    out.append('{');
    Iterator<? extends Map.Entry<?, ?>> entries = map.entrySet().iterator();
    boolean first = true;
    while (entries.hasNext()) {
      Map.Entry<?, ?> entry = entries.next();
      separate(first, depth + 1);
      string(String.valueOf(entry.getKey()));
      out.append(indent.isEmpty() ? ":" : ": ");
      value(entry.getValue(), depth + 1);
      first = false;
    }
    end(first, '}', depth);
  }

  private void array(Collection<?> list, int depth) {
    out.append('[');
    boolean first = true;
    for (Object element : list) {
      separate(first, depth + 1);
      value(element, depth + 1);
      first = false;
    }
    end(first, ']', depth);
  }

  private void separate(boolean first, int depth) {
    if (!first) {
      out.append(',');
    }
    line(depth);
  }

  private void end(boolean empty, char bracket, int depth) {
    if (!empty) {
      line(depth);
    }
    out.append(bracket);
  }

  private void line(int depth) {
    if (!indent.isEmpty()) {
      out.append('\n').repeat(indent, depth);
    }
  }

  private void string(String text) {
    out.append('"');
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (Text.escape(c, out)) {
        continue;
      }
      if (c < 0x20 || c == 0x7f || c == 0x2028 || c == 0x2029) {
        out.append(String.format(Locale.ROOT, "\\u%04x", (int) c));
      } else {
        out.append(c);
      }
    }
    out.append('"');
  }
}

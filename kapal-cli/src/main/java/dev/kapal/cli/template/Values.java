package dev.kapal.cli.template;

import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** What values are to a template: how they print, whether they are true, how they compare. */
final class Values {
  private Values() {}

  /** As Go's {@code %v} prints it. */
  static String text(@Nullable Object value) {
    return switch (value) {
      case null -> "<no value>";
      case Struct struct -> {
        StringBuilder out = new StringBuilder("{");
        for (Object field : struct.values()) {
          if (!(field instanceof Function)) {
            out.append(out.length() > 1 ? " " : "").append(inner(field));
          }
        }
        yield out.append('}').toString();
      }
      case Map<?, ?> map -> {
        StringBuilder out = new StringBuilder("map[");
        new TreeMap<Object, Object>(strings(map))
            .forEach((key, v) ->
                out.append(out.length() > 4 ? " " : "").append(key).append(':').append(v));
        yield out.append(']').toString();
      }
      case Collection<?> list -> {
        StringBuilder out = new StringBuilder("[");
        for (Object element : list) {
          out.append(out.length() > 1 ? " " : "").append(inner(element));
        }
        yield out.append(']').toString();
      }
      case Double d -> number(d);
      default -> value.toString();
    };
  }

  private static Map<String, String> strings(Map<?, ?> map) {
    Map<String, String> strings = new TreeMap<>();
    map.forEach((key, value) -> strings.put(String.valueOf(key), inner(value)));
    return strings;
  }

  private static String inner(@Nullable Object value) {
    return value == null ? "<nil>" : text(value);
  }

  private static String number(double d) {
    if (d == Math.rint(d) && Math.abs(d) < 1e21) {
      return java.math.BigDecimal.valueOf(d).toBigInteger().toString();
    }
    return String.valueOf(d);
  }

  /** Whether it counts as true: neither nothing, false, zero nor empty. */
  static boolean truth(@Nullable Object value) {
    return switch (value) {
      case null -> false;
      case Boolean b -> b;
      case Number n -> n.doubleValue() != 0;
      case String s -> !s.isEmpty();
      case Struct struct -> true;
      case Map<?, ?> map -> !map.isEmpty();
      case Collection<?> list -> !list.isEmpty();
      default -> true;
    };
  }

  static boolean equal(@Nullable Object a, @Nullable Object b) {
    if (a instanceof Number x && b instanceof Number y) {
      return number(x, y) == 0;
    }
    if (a == null || b == null) {
      return a == null && b == null;
    }
    if (a instanceof Map
        || a instanceof Collection
        || b instanceof Map
        || b instanceof Collection) {
      throw new TemplateException("eq: lists and maps cannot be compared");
    }
    if (a.getClass() != b.getClass()) {
      throw new TemplateException("eq: incompatible types for comparison");
    }
    return a.equals(b);
  }

  static int compare(@Nullable Object a, @Nullable Object b) {
    if (a instanceof Number x && b instanceof Number y) {
      return number(x, y);
    }
    if (a instanceof String x && b instanceof String y) {
      return x.compareTo(y);
    }
    throw new TemplateException("lt: only numbers or strings have an order");
  }

  private static int number(Number a, Number b) {
    return a instanceof Double || b instanceof Double
        ? Double.compare(a.doubleValue(), b.doubleValue())
        : Long.compare(a.longValue(), b.longValue());
  }

  static String string(@Nullable Object value, String function) {
    if (value instanceof String s) {
      return s;
    }
    throw new TemplateException(function + ": wants a string, got " + kind(value));
  }

  static int integer(@Nullable Object value, String function) {
    if (value instanceof Number n
        && !(value instanceof Double)
        && n.longValue() >= Integer.MIN_VALUE
        && n.longValue() <= Integer.MAX_VALUE) {
      return n.intValue();
    }
    throw new TemplateException(function + ": wants an integer, got " + kind(value));
  }

  static List<?> list(@Nullable Object value, String function) {
    if (value instanceof List<?> list) {
      return list;
    }
    throw new TemplateException(function + ": wants a list, got " + kind(value));
  }

  static String kind(@Nullable Object value) {
    return switch (value) {
      case null -> "nothing";
      case String s -> "the string \"" + s + "\"";
      case Boolean b -> "a boolean";
      case Number n -> "a number";
      case Map<?, ?> map -> "a map";
      case Collection<?> list -> "a list";
      default -> "a method";
    };
  }
}

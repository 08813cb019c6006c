package dev.kapal.cli.template;

import dev.kapal.cli.output.Json;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The functions of text/template and those that docker adds. {@code and} and {@code or} are in the
 * executor.
 */
final class Functions {
  private static final Set<String> LAZY = Set.of("and", "or");

  private static final Set<String> DECORATING =
      Set.of(
          "json",
          "lower",
          "upper",
          "title",
          "split",
          "join",
          "pad",
          "truncate",
          "slice",
          "trim",
          "index");

  private static @Nullable Object data(@Nullable Object value) {
    return value instanceof Struct struct ? struct.data() : value;
  }

  private static final Map<String, Function> ALL =
      Map.ofEntries(
          Map.entry("json", a -> Json.compact(data(one(a, "json")))),
          Map.entry("prettyjson", a -> Json.pretty(data(one(a, "prettyjson")))),
          Map.entry("lower", a -> Values.string(one(a, "lower"), "lower").toLowerCase(Locale.ROOT)),
          Map.entry("upper", a -> Values.string(one(a, "upper"), "upper").toUpperCase(Locale.ROOT)),
          Map.entry("title", a -> title(Values.string(one(a, "title"), "title"))),
          Map.entry("split", Functions::split),
          Map.entry("join", Functions::join),
          Map.entry("pad", Functions::pad),
          Map.entry("truncate", Functions::truncate),
          Map.entry(
              "contains",
              a -> strings(a, "contains", 2).get(0).contains(strings(a, "contains", 2).get(1))),
          Map.entry(
              "replace",
              a ->
                  strings(a, "replace", 3)
                      .get(0)
                      .replace(strings(a, "replace", 3).get(1), strings(a, "replace", 3).get(2))),
          Map.entry("trim", a -> Values.string(one(a, "trim"), "trim").strip()),
          Map.entry("len", a -> length(one(a, "len"))),
          Map.entry("index", Functions::index),
          Map.entry("slice", Functions::slice),
          Map.entry("not", a -> !Values.truth(one(a, "not"))),
          Map.entry("eq", Functions::eq),
          Map.entry("ne", a -> !Values.equal(two(a, "ne").get(0), a.get(1))),
          Map.entry("lt", a -> Values.compare(two(a, "lt").get(0), a.get(1)) < 0),
          Map.entry("le", a -> Values.compare(two(a, "le").get(0), a.get(1)) <= 0),
          Map.entry("gt", a -> Values.compare(two(a, "gt").get(0), a.get(1)) > 0),
          Map.entry("ge", a -> Values.compare(two(a, "ge").get(0), a.get(1)) >= 0),
          Map.entry("print", Functions::print),
          Map.entry("println", a -> String.join(" ", a.stream().map(Values::text).toList()) + "\n"),
          Map.entry("printf", Functions::printf),
          Map.entry("html", a -> html(print(a))),
          Map.entry("urlquery", a -> URLEncoder.encode(print(a), StandardCharsets.UTF_8)));

  private Functions() {}

  /** Whether a heading goes through it unchanged. */
  static boolean decorates(String name) {
    return DECORATING.contains(name);
  }

  static boolean known(String name) {
    return LAZY.contains(name) || ALL.containsKey(name);
  }

  static @Nullable Object call(String name, List<@Nullable Object> arguments) {
    Function function = ALL.get(name);
    if (function == null) {
      throw new TemplateException("function \"" + name + "\" not defined");
    }
    return function.call(arguments);
  }

  private static TemplateException count(String name, int wanted, int got) {
    return new TemplateException(
        "wrong number of arguments for " + name + ": want " + wanted + ", got " + got);
  }

  private static @Nullable Object one(List<@Nullable Object> a, String name) {
    if (a.size() != 1) {
      throw count(name, 1, a.size());
    }
    return a.getFirst();
  }

  private static List<@Nullable Object> two(List<@Nullable Object> a, String name) {
    if (a.size() != 2) {
      throw count(name, 2, a.size());
    }
    return a;
  }

  private static List<String> strings(List<@Nullable Object> a, String name, int n) {
    if (a.size() != n) {
      throw count(name, n, a.size());
    }
    List<String> strings = new ArrayList<>();
    for (Object value : a) {
      strings.add(Values.string(value, name));
    }
    return strings;
  }

  private static String title(String text) {
    StringBuilder out = new StringBuilder();
    boolean start = true;
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      out.append(start ? Character.toTitleCase(c) : c);
      start = !Character.isLetterOrDigit(c) && c != '\'' && c != '_';
    }
    return out.toString();
  }

  private static List<String> split(List<@Nullable Object> a) {
    List<String> words = strings(a, "split", 2);
    if (words.get(1).isEmpty()) {
      return words.get(0).codePoints().mapToObj(Character::toString).toList();
    }
    return Arrays.asList(words.get(0).split(java.util.regex.Pattern.quote(words.get(1)), -1));
  }

  private static String join(List<@Nullable Object> a) {
    two(a, "join");
    String separator = Values.string(a.get(1), "join");
    if (a.get(0) == null) {
      return "";
    }
    return String.join(
        separator, Values.list(a.get(0), "join").stream().map(Values::text).toList());
  }

  private static String pad(List<@Nullable Object> a) {
    if (a.size() != 3) {
      throw count("pad", 3, a.size());
    }
    String text = Values.string(a.get(0), "pad");
    int before = Math.clamp(Values.integer(a.get(1), "pad"), 0, 1000);
    int after = Math.clamp(Values.integer(a.get(2), "pad"), 0, 1000);
    return text.isEmpty() ? text : " ".repeat(before) + text + " ".repeat(after);
  }

  private static String truncate(List<@Nullable Object> a) {
    two(a, "truncate");
    String text = Values.string(a.get(0), "truncate");
    int most = Math.max(0, Values.integer(a.get(1), "truncate"));
    return text.codePointCount(0, text.length()) <= most
        ? text
        : text.substring(0, text.offsetByCodePoints(0, most));
  }

  private static Object length(@Nullable Object value) {
    return switch (value) {
      case String s -> (long) s.getBytes(StandardCharsets.UTF_8).length;
      case Map<?, ?> map -> (long) map.size();
      case Collection<?> list -> (long) list.size();
      case null, default ->
          throw new TemplateException("len: " + Values.kind(value) + " has no length");
    };
  }

  private static @Nullable Object index(List<@Nullable Object> a) {
    if (a.isEmpty()) {
      throw count("index", 1, 0);
    }
    Object value = a.getFirst();
    for (Object key : a.subList(1, a.size())) {
      value =
          switch (value) {
            case Map<?, ?> map -> map.get(key instanceof String s ? s : Values.text(key));
            case List<?> list -> list.get(within(Values.integer(key, "index"), list.size()));
            case String s -> {
              byte[] bytes = s.getBytes(StandardCharsets.UTF_8);
              yield (long) bytes[within(Values.integer(key, "index"), bytes.length)];
            }
            case null ->
                throw new TemplateException("index: nothing to index by " + Values.text(key));
            default -> throw new TemplateException("index: cannot index " + Values.kind(value));
          };
    }
    return value;
  }

  private static int within(int index, int size) {
    if (index < 0 || index >= size) {
      throw new TemplateException("index: " + index + " is out of range, the length is " + size);
    }
    return index;
  }

  private static Object slice(List<@Nullable Object> a) {
    if (a.isEmpty() || a.size() > 3) {
      throw count("slice", 3, a.size());
    }
    Object value = a.getFirst();
    int size =
        switch (value) {
          case String s -> s.length();
          case List<?> list -> list.size();
          case null, default ->
              throw new TemplateException("slice: cannot slice " + Values.kind(value));
        };
    int from = a.size() > 1 ? Values.integer(a.get(1), "slice") : 0;
    int to = a.size() > 2 ? Values.integer(a.get(2), "slice") : size;
    if (from < 0 || to > size || from > to) {
      throw new TemplateException(
          "slice: " + from + " to " + to + " is out of range, the length is " + size);
    }
    return value instanceof String s ? s.substring(from, to) : ((List<?>) value).subList(from, to);
  }

  private static Object eq(List<@Nullable Object> a) {
    if (a.size() < 2) {
      throw count("eq", 2, a.size());
    }
    for (Object other : a.subList(1, a.size())) {
      if (Values.equal(a.getFirst(), other)) {
        return true;
      }
    }
    return false;
  }

  /** As fmt.Sprint: a space between operands when neither is a string. */
  private static String print(List<@Nullable Object> a) {
    StringBuilder out = new StringBuilder();
    for (int i = 0; i < a.size(); i++) {
      if (i > 0 && !(a.get(i) instanceof String) && !(a.get(i - 1) instanceof String)) {
        out.append(' ');
      }
      out.append(Values.text(a.get(i)));
    }
    return out.toString();
  }

  private static String printf(List<@Nullable Object> a) {
    if (a.isEmpty()) {
      throw count("printf", 1, 0);
    }
    return Printf.format(Values.string(a.getFirst(), "printf"), a.subList(1, a.size()));
  }

  private static String html(String text) {
    return text.replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace(">", "&gt;")
        .replace("\"", "&#34;")
        .replace("'", "&#39;");
  }
}

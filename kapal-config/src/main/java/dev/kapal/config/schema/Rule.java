package dev.kapal.config.schema;

import dev.kapal.config.text.Nearest;
import dev.kapal.config.text.Node;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.regex.Pattern;

/**
 * What a value of the right type must fulfil.
 *
 * @param words the rule, for the documentation and for messages; empty: any value will do
 * @param choices all the values there are; none: there are too many to list
 * @param texts tells whether a string (each one, of an array) fulfils it
 * @param numbers tells whether a number does: a whole number, seconds, bytes
 */
public record Rule(
    String words, List<String> choices, Predicate<String> texts, Predicate<Long> numbers) {
  /** Any value will do. */
  public static final Rule ANY = new Rule("", List.of(), _ -> true, _ -> true);

  public static final Rule ABSOLUTE = text("an absolute path without \"..\"", Rule::absolute);

  static boolean absolute(String path) {
    return path.startsWith("/")
        && path.indexOf('\0') < 0
        && !List.of(path.split("/", -1)).contains("..");
  }

  static Rule text(String words, Predicate<String> rule) {
    return new Rule(words, List.of(), rule, _ -> true);
  }

  static Rule matching(String words, String pattern) {
    Pattern compiled = Pattern.compile(pattern);
    return text(words, t -> t.length() <= 4096 && compiled.matcher(t).matches());
  }

  static Rule oneOf(String... choices) {
    List<String> all = List.of(choices);
    return new Rule("one of " + String.join(", ", all), all, all::contains, _ -> true);
  }

  static Rule between(long least, long most) {
    return new Rule(least + " to " + most, List.of(), _ -> true, n -> n >= least && n <= most);
  }

  /** What is wrong with a value of the key's type, if anything. */
  Optional<String> broken(Type type, Node node) {
    boolean fine =
        switch (node) {
          case Node.Text text when type == Type.TEXT -> texts.test(text.value());
          case Node.Array array -> array.texts().stream().allMatch(texts);
          case Node.Whole whole when type == Type.WHOLE -> numbers.test(whole.value());
          default ->
              switch (type) {
                case DURATION ->
                    Quantities.duration(node).map(d -> numbers.test(d.toSeconds())).orElse(false);
                case SIZE -> numbers.test(Quantities.size(node).orElse(-1));
                default -> true;
              };
        };
    return fine ? Optional.empty() : Optional.of("must be " + words);
  }

  /** The choice that was perhaps meant. */
  Optional<String> nearest(Node node) {
    return node instanceof Node.Text text ? Nearest.of(text.value(), choices) : Optional.empty();
  }
}

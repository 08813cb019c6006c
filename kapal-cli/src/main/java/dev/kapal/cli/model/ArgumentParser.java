package dev.kapal.cli.model;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * Takes the words of one command apart, by the rules that docker's users know (those of Go's
 * pflag): {@code --name value}, {@code --name=value}, {@code -n value}, {@code -nvalue}, {@code
 * -n=value}, letters of flags in a row ({@code -it}), {@code --flag=false}, and {@code --} ends the
 * options. The word after an option that takes a value is its value, whatever it looks like.
 *
 * <p>Written by hand because it has to be right in each of those cases, cost microseconds and be
 * shared by threads: it only reads the immutable {@link Leaf}.
 */
public final class ArgumentParser {
  private final Leaf leaf;
  private final List<String> words;
  private final Map<String, List<String>> given = new HashMap<>();
  private final List<String> operands = new ArrayList<>();
  private boolean help;
  private int at;

  private ArgumentParser(Leaf leaf, List<String> words) {
    this.leaf = leaf;
    this.words = words;
  }

  /**
   * Takes the words apart.
   *
   * @throws UsageException when they do not fit the command
   */
  public static Arguments parse(Leaf leaf, List<String> words) {
    return new ArgumentParser(leaf, words).run();
  }

  private Arguments run() {
    boolean optionsOver = false;
    while (at < words.size() && !help) {
      String word = words.get(at++);
      if (optionsOver || word.length() < 2 || word.charAt(0) != '-') {
        operands.add(word);
        optionsOver |= leaf.stopsAtOperand();
      } else if (word.equals("--")) {
        optionsOver = true;
      } else if (word.charAt(1) == '-') {
        longOption(word);
      } else {
        letters(word);
      }
    }
    if (!help) {
      count();
    }
    return new Arguments(given, operands, help);
  }

  private void longOption(String word) {
    int equals = word.indexOf('=');
    String name = equals < 0 ? word.substring(2) : word.substring(2, equals);
    Optional<Option> found = leaf.option(name);
    if (found.isEmpty()) {
      if (name.equals("help")) {
        help = true;
        return;
      }
      throw new UsageException(
          "unknown flag: --" + name + Suggestions.sentence(name, names(), "--"));
    }
    Option option = found.get();
    if (equals >= 0) {
      add(option, word.substring(equals + 1));
    } else if (option.takesValue()) {
      add(option, next("--" + name));
    } else {
      add(option, "true");
    }
  }

  private void letters(String word) {
    for (int i = 1; i < word.length(); i++) {
      char letter = word.charAt(i);
      Optional<Option> found = leaf.option(letter);
      if (found.isEmpty()) {
        if (letter == 'h') {
          help = true;
          return;
        }
        throw new UsageException("unknown shorthand flag: '" + letter + "' in " + word);
      }
      Option option = found.get();
      boolean equals = i + 1 < word.length() && word.charAt(i + 1) == '=';
      if (option.takesValue()) {
        if (equals) {
          add(option, word.substring(i + 2));
        } else if (i + 1 < word.length()) {
          add(option, word.substring(i + 1));
        } else {
          add(option, next("-" + letter));
        }
        return;
      }
      if (equals) {
        add(option, word.substring(i + 2));
        return;
      }
      add(option, "true");
    }
  }

  private String next(String option) {
    if (at >= words.size()) {
      throw new UsageException("flag needs an argument: " + option);
    }
    return words.get(at++);
  }

  private void add(Option option, String value) {
    String kept = option.takesValue() ? value : truth(option, value);
    given.computeIfAbsent(option.name(), name -> new ArrayList<>()).add(kept);
  }

  private static String truth(Option option, String value) {
    return switch (value.toLowerCase(Locale.ROOT)) {
      case "true", "t", "1" -> "true";
      case "false", "f", "0" -> "false";
      default ->
          throw new UsageException(
              "invalid argument \"%s\" for --%s: it is a switch, give true or false"
                  .formatted(value, option.name()));
    };
  }

  private List<String> names() {
    return leaf.options().stream().filter(o -> !o.hidden()).map(Option::name).toList();
  }

  private void count() {
    int n = operands.size();
    if (n >= leaf.minimum() && n <= leaf.maximum()) {
      return;
    }
    String wanted;
    if (leaf.maximum() == 0) {
      wanted = "accepts no arguments";
    } else if (leaf.minimum() == leaf.maximum()) {
      wanted = "requires exactly " + arguments(leaf.minimum());
    } else if (n < leaf.minimum()) {
      wanted = "requires at least " + arguments(leaf.minimum());
    } else {
      wanted = "requires at most " + arguments(leaf.maximum());
    }
    throw new UsageException(
        "'" + leaf.name() + "' " + wanted + ", got " + (n == 0 ? "none" : Integer.toString(n)),
        UsageException.BAD_COMMAND);
  }

  private static String arguments(int n) {
    return n == 1 ? "1 argument" : n + " arguments";
  }
}

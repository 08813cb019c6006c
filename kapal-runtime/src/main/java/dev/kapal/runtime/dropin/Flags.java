package dev.kapal.runtime.dropin;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Flags as the callers of runc write them, which is how Go's flag package reads them: one dash or
 * two, a value behind "=" or as the next word, booleans with an optional "=true" or "=false", all
 * of it ended by "--". Everything may be given more than once.
 */
final class Flags {
  /**
   * What a command takes.
   *
   * @param booleans flags without a value
   * @param values flags with one
   * @param aliases short name → name
   * @param anywhere whether flags may stand behind arguments
   */
  record Spec(
      Set<String> booleans, Set<String> values, Map<String, String> aliases, boolean anywhere) {}

  private final Map<String, List<String>> given = new HashMap<>();
  private final List<String> arguments = new ArrayList<>();

  private Flags() {}

  /**
   * Sorts words.
   *
   * @throws CommandFailed at a flag that the command does not have
   */
  static Flags parse(List<String> words, Spec spec) {
    Flags flags = new Flags();
    int i = 0;
    while (i < words.size()) {
      String word = words.get(i++);
      if (word.equals("--")) {
        break;
      }
      if (!word.startsWith("-") || word.length() == 1) {
        flags.arguments.add(word);
        if (spec.anywhere()) {
          continue;
        }
        break;
      }
      String bare = word.substring(word.startsWith("--") ? 2 : 1);
      int equals = bare.indexOf('=');
      String typed = equals < 0 ? bare : bare.substring(0, equals);
      String name = spec.aliases().getOrDefault(typed, typed);
      Optional<String> value =
          equals < 0 ? Optional.empty() : Optional.of(bare.substring(equals + 1));
      if (spec.booleans().contains(name)) {
        flags.add(name, value.orElse("true"));
      } else if (!spec.values().contains(name)) {
        throw new CommandFailed("flag provided but not defined: -" + typed);
      } else if (value.isPresent()) {
        flags.add(name, value.get());
      } else if (i < words.size()) {
        flags.add(name, words.get(i++));
      } else {
        throw new CommandFailed("flag needs an argument: -" + typed);
      }
    }
    flags.arguments.addAll(words.subList(i, words.size()));
    return flags;
  }

  private void add(String name, String value) {
    given.computeIfAbsent(name, _ -> new ArrayList<>()).add(value);
  }

  /** What is no flag. */
  List<String> arguments() {
    return List.copyOf(arguments);
  }

  /** An argument by its place. */
  String argument(int index, String what) {
    if (index >= arguments.size()) {
      throw new CommandFailed("the command needs " + what);
    }
    return arguments.get(index);
  }

  /** The last value of a flag; an empty one counts as none. */
  Optional<String> value(String name) {
    return Optional.ofNullable(given.get(name)).map(List::getLast).filter(v -> !v.isEmpty());
  }

  /** All values of a flag. */
  List<String> all(String name) {
    return List.copyOf(given.getOrDefault(name, List.of()));
  }

  /** Whether a boolean is set. */
  boolean is(String name) {
    String value = value(name).orElse("false");
    return switch (value) {
      case "1", "t", "T", "true", "TRUE", "True" -> true;
      case "0", "f", "F", "false", "FALSE", "False" -> false;
      default -> throw new CommandFailed("invalid boolean value \"" + value + "\" for -" + name);
    };
  }

  /** A number that is not negative and fits into 31 bits. */
  int count(String name) {
    return Math.toIntExact(
        number(name)
            .filter(n -> n >= 0 && n <= Integer.MAX_VALUE)
            .or(() -> value(name).isEmpty() ? Optional.of(0L) : Optional.empty())
            .orElseThrow(() -> wrong(name)));
  }

  /** A number. */
  Optional<Long> number(String name) {
    return value(name)
        .map(text -> {
          try {
            return Long.parseLong(text);
          } catch (NumberFormatException _) {
            throw wrong(name);
          }
        });
  }

  private CommandFailed wrong(String name) {
    return new CommandFailed("invalid value \"" + value(name).orElse("") + "\" for flag -" + name);
  }
}

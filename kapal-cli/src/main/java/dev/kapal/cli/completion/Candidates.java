package dev.kapal.cli.completion;

import dev.kapal.cli.model.Command;
import dev.kapal.cli.model.Completion;
import dev.kapal.cli.model.Group;
import dev.kapal.cli.model.Leaf;
import dev.kapal.cli.model.Option;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * What a shell may offer for a word of a command line. A candidate is a word with a description;
 * two words are for the scripts: {@code :file} and {@code :directory} mean that the shell completes
 * paths itself.
 */
public final class Candidates {
  /** One candidate. */
  public record Candidate(String word, String description) {}

  private static final Candidate FILES = new Candidate(":file", "");
  private static final Candidate DIRECTORIES = new Candidate(":directory", "");

  private Candidates() {}

  /**
   * Candidates for the last word.
   *
   * @param words those after {@code kapal}; the last, which may be empty, is the one being typed
   */
  public static List<Candidate> of(Group root, List<String> words, NameSource names) {
    String typed = words.isEmpty() ? "" : words.getLast();
    Command command = root;
    int at = 0;
    while (command instanceof Group group) {
      if (at >= words.size() - 1) {
        return children(group, typed);
      }
      Optional<Command> child = group.child(words.get(at++));
      if (child.isEmpty()) {
        return List.of();
      }
      command = child.get();
    }
    return leaf((Leaf) command, words.subList(at, Math.max(at, words.size() - 1)), typed, names);
  }

  private static List<Candidate> children(Group group, String typed) {
    List<Candidate> found = new ArrayList<>();
    for (Command child : group.children()) {
      if (!child.hidden() && child.name().startsWith(typed)) {
        found.add(new Candidate(child.name(), child.summary()));
      }
    }
    if (typed.startsWith("-")) {
      add(found, "--help", "Show help", typed);
    }
    return found;
  }

  private static List<Candidate> leaf(
      Leaf leaf, List<String> before, String typed, NameSource names) {
    int operands = 0;
    boolean over = false;
    Optional<Option> open = Optional.empty();
    for (String word : before) {
      if (open.isPresent()) {
        open = Optional.empty();
      } else if (over || !word.startsWith("-") || word.length() == 1) {
        operands++;
        over |= leaf.stopsAtOperand();
      } else if (word.equals("--")) {
        over = true;
      } else {
        open = awaiting(leaf, word);
      }
    }
    if (open.isPresent()) {
      return source(open.get().completion(), typed, "", names);
    }
    if (!over && typed.startsWith("--") && typed.indexOf('=') > 0) {
      int equals = typed.indexOf('=');
      return leaf.option(typed.substring(2, equals))
          .map(o ->
              source(
                  o.completion(),
                  typed.substring(equals + 1),
                  typed.substring(0, equals + 1),
                  names))
          .orElse(List.of());
    }
    if (!over && typed.startsWith("-")) {
      return options(leaf, typed);
    }
    return source(leaf.completion(operands), typed, "", names);
  }

  /** The option whose value is the next word, when a word ends with one. */
  private static Optional<Option> awaiting(Leaf leaf, String word) {
    if (word.startsWith("--")) {
      return word.indexOf('=') >= 0
          ? Optional.empty()
          : leaf.option(word.substring(2)).filter(Option::takesValue);
    }
    for (int i = 1; i < word.length(); i++) {
      Optional<Option> option = leaf.option(word.charAt(i));
      if (option.isPresent() && option.get().takesValue()) {
        return i == word.length() - 1 ? option : Optional.empty();
      }
    }
    return Optional.empty();
  }

  private static List<Candidate> options(Leaf leaf, String typed) {
    List<Candidate> found = new ArrayList<>();
    for (Option option : leaf.options()) {
      if (!option.hidden()) {
        add(found, "--" + option.name(), option.help(), typed);
        if (option.hasLetter() && typed.length() < 2) {
          add(found, "-" + option.letter(), option.help(), typed);
        }
      }
    }
    add(found, "--help", "Show help", typed);
    return found;
  }

  private static void add(List<Candidate> found, String word, String help, String typed) {
    if (word.startsWith(typed)) {
      found.add(new Candidate(word, help));
    }
  }

  private static List<Candidate> source(
      Completion completion, String typed, String prefix, NameSource names) {
    return switch (completion.kind()) {
      case NONE, COMMAND -> List.of();
      case FILE -> List.of(FILES);
      case DIRECTORY -> List.of(DIRECTORIES);
      case WORDS -> matching(completion.words(), typed, prefix);
      case CONTAINER, RUNNING, IMAGE, VOLUME, NETWORK, RUNTIME ->
          matching(names.names(completion.kind()), typed, prefix);
    };
  }

  private static List<Candidate> matching(List<String> words, String typed, String prefix) {
    return words.stream()
        .filter(word -> word.startsWith(typed))
        .distinct()
        .map(word -> new Candidate(prefix + word, ""))
        .toList();
  }
}

package dev.kapal.cli.model;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A command that does something. Built with {@link Builder}; immutable from then on. */
public final class Leaf implements Command {
  /**
   * One worked example of help.
   *
   * @param line what to type
   * @param what what that does
   */
  public record Example(String line, String what) {}

  private final Builder with;
  private final List<Option> options;
  private final Map<String, Option> byName;
  private final Map<Character, Option> byLetter;

  private Leaf(Builder with) {
    this.with = with;
    this.options = List.copyOf(with.options);
    Map<String, Option> names = new HashMap<>();
    Map<Character, Option> letters = new HashMap<>();
    for (Option option : options) {
      if (names.put(option.name(), option) != null
          || (option.hasLetter() && letters.put(option.letter(), option) != null)) {
        throw new IllegalStateException("option twice in " + with.name + ": --" + option.name());
      }
    }
    this.byName = Map.copyOf(names);
    this.byLetter = Map.copyOf(letters);
  }

  /** Starts a command. */
  public static Builder named(String name) {
    return new Builder(name);
  }

  @Override
  public String name() {
    return with.name;
  }

  @Override
  public List<String> aliases() {
    return with.aliases;
  }

  @Override
  public String summary() {
    return with.summary;
  }

  @Override
  public String section() {
    return with.section;
  }

  @Override
  public boolean hidden() {
    return with.hidden;
  }

  /** The paragraph of help below the usage line. */
  public String description() {
    return with.description.isEmpty() ? with.summary : with.description;
  }

  /** What comes after the options, as in {@code IMAGE [COMMAND] [ARG...]}. */
  public String operands() {
    return with.operands;
  }

  public int minimum() {
    return with.minimum;
  }

  public int maximum() {
    return with.maximum;
  }

  /** Whether everything after the first operand is an operand too, whatever it looks like. */
  public boolean stopsAtOperand() {
    return with.stopsAtOperand;
  }

  public List<Option> options() {
    return options;
  }

  public Optional<Option> option(String name) {
    return Optional.ofNullable(byName.get(name));
  }

  public Optional<Option> option(char letter) {
    return Optional.ofNullable(byLetter.get(letter));
  }

  public List<Example> examples() {
    return with.examples;
  }

  /** What a shell offers for the operand at an index. */
  public Completion completion(int index) {
    if (with.completions.isEmpty()) {
      return Completion.NONE;
    }
    if (index < with.completions.size()) {
      return with.completions.get(index);
    }
    return with.repeatsCompletion ? with.completions.getLast() : Completion.NONE;
  }

  public Action action() {
    return with.action;
  }

  /** The same command under other words: {@code kapal ps} is {@code kapal container ls}. */
  public Leaf as(String name, String section, String... aliases) {
    Builder copy = with.copy();
    copy.name = name;
    copy.section = section;
    copy.aliases = List.of(aliases);
    return new Leaf(copy);
  }

  /** Collects what makes a {@link Leaf}. Used by one thread. */
  public static final class Builder {
    private String name;
    private List<String> aliases = List.of();
    private String summary = "";
    private String section = "Commands";
    private String description = "";
    private String operands = "";
    private int minimum;
    private int maximum;
    private boolean stopsAtOperand;
    private boolean hidden;
    private boolean repeatsCompletion = true;
    private Action action = invocation -> 0;
    private List<Option> options = new ArrayList<>();
    private List<Example> examples = new ArrayList<>();
    private List<Completion> completions = List.of();

    private Builder(String name) {
      this.name = name;
    }

    private Builder copy() {
      Builder copy = new Builder(name);
      copy.aliases = aliases;
      copy.summary = summary;
      copy.section = section;
      copy.description = description;
      copy.operands = operands;
      copy.minimum = minimum;
      copy.maximum = maximum;
      copy.stopsAtOperand = stopsAtOperand;
      copy.hidden = hidden;
      copy.repeatsCompletion = repeatsCompletion;
      copy.action = action;
      copy.options = new ArrayList<>(options);
      copy.examples = new ArrayList<>(examples);
      copy.completions = completions;
      return copy;
    }

    public Builder aliases(String... words) {
      aliases = List.of(words);
      return this;
    }

    public Builder summary(String line) {
      summary = line;
      return this;
    }

    public Builder section(String heading) {
      section = heading;
      return this;
    }

    public Builder description(String paragraph) {
      description = paragraph;
      return this;
    }

    /** Operands: how help writes them and how many there may be. */
    public Builder operands(String text, int least, int most) {
      operands = text;
      minimum = least;
      maximum = most;
      return this;
    }

    public Builder stopsAtOperand() {
      stopsAtOperand = true;
      return this;
    }

    public Builder hidden() {
      hidden = true;
      return this;
    }

    public Builder options(Option... more) {
      options.addAll(List.of(more));
      return this;
    }

    public Builder options(List<Option> more) {
      options.addAll(more);
      return this;
    }

    public Builder example(String line, String what) {
      examples.add(new Example(line, what));
      return this;
    }

    /** Completion of the operands in order; the last one goes for all that follow. */
    public Builder completes(Completion... sources) {
      completions = List.of(sources);
      return this;
    }

    /** Completion of the operands in order, and of nothing after them. */
    public Builder completesOnly(Completion... sources) {
      repeatsCompletion = false;
      return completes(sources);
    }

    /** The end: what it does. */
    public Leaf does(Action work) {
      Builder frozen = copy();
      frozen.action = work;
      frozen.examples = List.copyOf(frozen.examples);
      return new Leaf(frozen);
    }
  }
}

package dev.kapal.cli.model;

/**
 * One option of a command. Immutable; made by {@link #flag}, {@link #value} and {@link #list} and
 * refined by the other methods.
 *
 * @param name the long name without dashes
 * @param letter the one-letter name, or NUL when it has none
 * @param kind how many values it takes
 * @param placeholder what stands for its value in help; empty for a flag
 * @param help one or two sentences for people
 * @param section the heading in help under which it stands
 * @param completion what a shell offers for its value
 * @param hidden whether help and completion leave it out
 */
public record Option(
    String name,
    char letter,
    Kind kind,
    String placeholder,
    String help,
    String section,
    Completion completion,
    boolean hidden) {
  /** How many values an option takes. */
  public enum Kind {
    /** None, or one of true and false after an equals sign. */
    FLAG,
    /** One; the last one given counts. */
    VALUE,
    /** One each time it is given; all count. */
    LIST
  }

  /** The heading of options that name none. */
  public static final String PLAIN = "Options";

  private static final char NO_LETTER = '\0';

  /** A switch. */
  public static Option flag(String name, String help) {
    return new Option(name, NO_LETTER, Kind.FLAG, "", help, PLAIN, Completion.NONE, false);
  }

  /** An option with one value. */
  public static Option value(String name, String placeholder, String help) {
    return new Option(
        name, NO_LETTER, Kind.VALUE, placeholder, help, PLAIN, Completion.NONE, false);
  }

  /** An option that may be given many times. */
  public static Option list(String name, String placeholder, String help) {
    return new Option(name, NO_LETTER, Kind.LIST, placeholder, help, PLAIN, Completion.NONE, false);
  }

  /** The same with a one-letter name. */
  public Option letter(char c) {
    return new Option(name, c, kind, placeholder, help, section, completion, hidden);
  }

  /** The same under a heading of its own in help. */
  public Option in(String heading) {
    return new Option(name, letter, kind, placeholder, help, heading, completion, hidden);
  }

  /** The same, completed from a source. */
  public Option completes(Completion source) {
    return new Option(name, letter, kind, placeholder, help, section, source, hidden);
  }

  /** The same, completed from fixed words. */
  public Option among(String... words) {
    return completes(Completion.of(words));
  }

  /** The same, left out of help. */
  public Option hide() {
    return new Option(name, letter, kind, placeholder, help, section, completion, true);
  }

  public boolean hasLetter() {
    return letter != NO_LETTER;
  }

  public boolean takesValue() {
    return kind != Kind.FLAG;
  }
}

package dev.kapal.cli.model;

import java.util.List;

/**
 * What a shell may offer for a word.
 *
 * @param kind where candidates come from
 * @param words the candidates of {@link Kind#WORDS}, else empty
 */
public record Completion(Kind kind, List<String> words) {
  /** The sources of candidates. */
  public enum Kind {
    NONE,
    FILE,
    DIRECTORY,
    WORDS,
    CONTAINER,
    RUNNING,
    IMAGE,
    VOLUME,
    NETWORK,
    RUNTIME,
    COMMAND
  }

  public static final Completion NONE = new Completion(Kind.NONE, List.of());
  public static final Completion FILE = new Completion(Kind.FILE, List.of());
  public static final Completion DIRECTORY = new Completion(Kind.DIRECTORY, List.of());
  public static final Completion CONTAINER = new Completion(Kind.CONTAINER, List.of());
  public static final Completion RUNNING = new Completion(Kind.RUNNING, List.of());
  public static final Completion IMAGE = new Completion(Kind.IMAGE, List.of());
  public static final Completion VOLUME = new Completion(Kind.VOLUME, List.of());
  public static final Completion NETWORK = new Completion(Kind.NETWORK, List.of());
  public static final Completion RUNTIME = new Completion(Kind.RUNTIME, List.of());
  public static final Completion COMMAND = new Completion(Kind.COMMAND, List.of());

  public Completion {
    words = List.copyOf(words);
  }

  /** A fixed list of words. */
  public static Completion of(String... words) {
    return new Completion(Kind.WORDS, List.of(words));
  }
}

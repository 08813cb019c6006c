package dev.kapal.config.text;

import java.util.List;

/**
 * A file as it was read.
 *
 * @param root what could be read; an empty table if nothing could
 * @param problems what is wrong with the syntax
 */
public record Parsed(Node.Table root, List<Problem> problems) {
  public Parsed {
    problems = List.copyOf(problems);
  }

  /** Whether the engine whose file it is would refuse it. */
  public boolean refused() {
    return problems.stream().anyMatch(Problem::fatal);
  }

  /** A file that gives nothing but a problem. */
  public static Parsed failed(Problem problem) {
    return new Parsed(Node.Table.empty(problem.at()), List.of(problem));
  }
}

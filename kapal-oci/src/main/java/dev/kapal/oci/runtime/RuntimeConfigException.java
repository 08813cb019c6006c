package dev.kapal.oci.runtime;

import java.util.List;

/** A runtime config that is not JSON, or breaks a rule of the specification. */
public final class RuntimeConfigException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** A broken rule. */
  public record Problem(String field, String value, String rule) {
    @Override
    public String toString() {
      return value.isEmpty() ? field + " " + rule : field + " is \"" + value + "\" but " + rule;
    }
  }

  private final transient List<Problem> problems;

  /** A config that cannot be read at all. */
  public RuntimeConfigException(String message, Throwable cause) {
    super(message, cause);
    this.problems = List.of();
  }

  /** A config that breaks rules; the message names every one. */
  public RuntimeConfigException(List<Problem> problems) {
    super(
        "The runtime config is invalid: "
            + String.join("; ", problems.stream().map(Problem::toString).toList()));
    this.problems = List.copyOf(problems);
  }

  /** The broken rules; empty when the config could not be read. */
  public List<Problem> problems() {
    return problems;
  }
}

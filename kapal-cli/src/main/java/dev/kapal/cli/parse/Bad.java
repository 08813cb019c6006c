package dev.kapal.cli.parse;

import dev.kapal.cli.model.UsageException;

/** The one form in which wrong values are told. */
final class Bad {
  private Bad() {}

  /** The option, its value, why it is wrong, and what to write instead. */
  static UsageException value(String option, String value, String why, String remedy) {
    return new UsageException(
        "invalid value \"%s\" for --%s: %s; %s".formatted(value, option, why, remedy));
  }
}

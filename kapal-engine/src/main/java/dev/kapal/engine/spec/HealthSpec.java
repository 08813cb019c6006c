package dev.kapal.engine.spec;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * A health check; what is empty comes from the image, then from the defaults.
 *
 * @param test {@code [NONE]} turns checks off; {@code [CMD, word…]} runs words; {@code [CMD-SHELL,
 *     line]} runs a line with /bin/sh; empty: the image's
 * @param interval between checks; 30 s
 * @param timeout of one check; 30 s
 * @param startPeriod at the start, in which failures do not count; 0
 * @param startInterval between checks in the start period; 5 s
 * @param retries failures in a row that make it unhealthy; 3
 */
public record HealthSpec(
    List<String> test,
    Optional<Duration> interval,
    Optional<Duration> timeout,
    Optional<Duration> startPeriod,
    Optional<Duration> startInterval,
    OptionalInt retries) {

  public static final HealthSpec DISABLED =
      new HealthSpec(
          List.of("NONE"),
          Optional.empty(),
          Optional.empty(),
          Optional.empty(),
          Optional.empty(),
          OptionalInt.empty());

  public HealthSpec {
    test = List.copyOf(test);
    if (!test.isEmpty()) {
      switch (test.getFirst()) {
        case "NONE" -> {
          if (test.size() > 1) {
            throw new IllegalArgumentException("a health check of NONE takes no words");
          }
        }
        case "CMD" -> {
          if (test.size() < 2) {
            throw new IllegalArgumentException("a health check of CMD needs a command");
          }
        }
        case "CMD-SHELL" -> {
          if (test.size() != 2) {
            throw new IllegalArgumentException("a health check of CMD-SHELL takes one line");
          }
        }
        default ->
            throw new IllegalArgumentException(
                "health check \""
                    + test.getFirst()
                    + "\" is not known: use NONE, CMD or CMD-SHELL");
      }
    }
    positive(interval, "health-interval");
    positive(timeout, "health-timeout");
    positive(startInterval, "health-start-interval");
    startPeriod.ifPresent(d -> {
      if (d.isNegative()) {
        throw new IllegalArgumentException("health-start-period is negative");
      }
    });
    retries.ifPresent(n -> Checks.notNegative(n, "health-retries"));
  }

  private static void positive(Optional<Duration> d, String what) {
    d.ifPresent(v -> {
      if (!v.isZero() && v.compareTo(Duration.ofMillis(1)) < 0) {
        throw new IllegalArgumentException(what + " is below 1 ms");
      }
    });
  }
}

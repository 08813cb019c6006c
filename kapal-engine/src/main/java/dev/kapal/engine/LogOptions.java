package dev.kapal.engine;

import java.time.Instant;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * Which part of a log.
 *
 * @param stdout wanted
 * @param stderr wanted
 * @param follow waits for more until the container ends
 * @param since from this moment on
 * @param until to this moment
 * @param tail the last lines only
 */
public record LogOptions(
    boolean stdout,
    boolean stderr,
    boolean follow,
    Optional<Instant> since,
    Optional<Instant> until,
    OptionalLong tail) {
  public static final LogOptions ALL =
      new LogOptions(true, true, false, Optional.empty(), Optional.empty(), OptionalLong.empty());

  public LogOptions following() {
    return new LogOptions(stdout, stderr, true, since, until, tail);
  }

  public LogOptions withTail(long lines) {
    return new LogOptions(stdout, stderr, follow, since, until, OptionalLong.of(lines));
  }

  public LogOptions withSince(Instant since) {
    return new LogOptions(stdout, stderr, follow, Optional.of(since), until, tail);
  }

  public LogOptions withUntil(Instant until) {
    return new LogOptions(stdout, stderr, follow, since, Optional.of(until), tail);
  }
}

package dev.kapal.engine.core;

import dev.kapal.engine.spec.RestartPolicy;
import dev.kapal.engine.store.ContainerRecord;
import dev.kapal.engine.store.RunState;
import java.time.Duration;
import java.time.Instant;

/** When a container that has ended is to run again: its policy, as Docker documents it. */
final class Restarts {
  private static final Duration BACKOFF_MIN = Duration.ofMillis(100);
  private static final Duration BACKOFF_MAX = Duration.ofMinutes(1);
  private static final Duration GOOD_RUN = Duration.ofSeconds(10);

  private Restarts() {}

  static boolean wanted(ContainerRecord c, RunState s) {
    if (s.stopRequested() || c.spec().autoRemove()) {
      return false;
    }
    RestartPolicy p = c.spec().restart();
    return switch (p.mode()) {
      case NO -> false;
      case ON_FAILURE ->
          s.exitCode() != 0 && (p.maxRetries() == 0 || s.restartCount() < p.maxRetries());
      case ALWAYS, UNLESS_STOPPED -> true;
    };
  }

  /** 100 ms, doubling with each restart in a row, at most a minute. */
  static Duration backoff(int restartCount) {
    int doublings = Math.min(Math.max(0, restartCount - 1), 10);
    Duration d = BACKOFF_MIN.multipliedBy(1L << doublings);
    return d.compareTo(BACKOFF_MAX) > 0 ? BACKOFF_MAX : d;
  }

  /** Whether a run that began with this state went on long enough to count as none that failed. */
  static boolean wasGood(RunState s, Instant end) {
    return s.started()
        .map(from -> Duration.between(from, end).compareTo(GOOD_RUN) >= 0)
        .orElse(false);
  }

  /** Whether another start is tried after one that failed. */
  static boolean triesAgain(RestartPolicy p, int failures) {
    return p.mode() != RestartPolicy.Mode.ON_FAILURE
        || p.maxRetries() == 0
        || failures < p.maxRetries();
  }
}

package dev.kapal.cri.stats;

import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Rates of processor time between samples. A rate is that since the last sample which is a second
 * or more old; who asks more often is told the last rate again. The first one is that since the
 * start. Nothing runs while nobody asks.
 */
final class Rates {
  private static final Duration SHORTEST = Duration.ofSeconds(1);

  private final Map<String, Sample> last = new ConcurrentHashMap<>();

  private record Sample(Instant time, long cpuNanos, long rate) {}

  /**
   * Takes a sample.
   *
   * @param id of what is measured
   * @param started when it had used nothing
   * @return nanoseconds of processor time per second
   */
  long rate(String id, Instant started, Instant time, long cpuNanos) {
    return last.compute(
            id,
            (_, before) -> {
              Instant from = before == null ? started : before.time;
              long used = cpuNanos - (before == null ? 0 : before.cpuNanos);
              Duration passed = Duration.between(from, time);
              if (before != null && passed.compareTo(SHORTEST) < 0) {
                return before;
              }
              double seconds = Math.max(passed.toNanos(), 1) / 1e9;
              return new Sample(time, cpuNanos, (long) (Math.max(0, used) / seconds));
            })
        .rate;
  }

  /** Forgets all others than these. */
  void retain(Set<String> ids) {
    last.keySet().retainAll(ids);
  }
}

package dev.kapal.cri.translate;

import java.time.Instant;
import java.util.concurrent.TimeUnit;

/** Moments as the interface has them. */
public final class Times {
  private Times() {}

  /** Nanoseconds since 1970. */
  public static long nanos(Instant moment) {
    return TimeUnit.SECONDS.toNanos(moment.getEpochSecond()) + moment.getNano();
  }
}

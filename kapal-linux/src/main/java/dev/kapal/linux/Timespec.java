package dev.kapal.linux;

import java.time.Instant;

/**
 * A time of a file.
 *
 * @param seconds since 1970, may be negative
 * @param nanos 0 to 999,999,999, or one of the two special values of utimensat(2)
 */
public record Timespec(long seconds, long nanos) {
  /** For {@link Descriptors#utimensat}: the present time. */
  public static final Timespec NOW = new Timespec(0, 0x3fffffff);

  /** For {@link Descriptors#utimensat}: leave as it is. */
  public static final Timespec OMIT = new Timespec(0, 0x3ffffffe);

  /** The same time. */
  public static Timespec of(Instant instant) {
    return new Timespec(instant.getEpochSecond(), instant.getNano());
  }

  /** The same time; only for real times. */
  public Instant instant() {
    return Instant.ofEpochSecond(seconds, nanos);
  }
}

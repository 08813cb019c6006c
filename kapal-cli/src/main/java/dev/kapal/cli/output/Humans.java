package dev.kapal.cli.output;

import java.math.BigDecimal;
import java.math.MathContext;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.Locale;

/** Sizes, durations and times in the words docker's users are used to. */
public final class Humans {
  private static final String[] DECIMAL = {"B", "kB", "MB", "GB", "TB", "PB", "EB"};
  private static final String[] BINARY = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  private static final DateTimeFormatter CREATED =
      DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss Z z", Locale.ROOT);

  private Humans() {}

  /** Bytes in powers of 1000 with three digits, as {@code 4.43MB}. */
  public static String size(long bytes) {
    return scaled(bytes, 1000, DECIMAL, 3);
  }

  /** Bytes in powers of 1024 with four digits, as {@code 1.945GiB}. */
  public static String binarySize(long bytes) {
    return scaled(bytes, 1024, BINARY, 4);
  }

  private static String scaled(long bytes, int step, String[] units, int digits) {
    double size = bytes;
    int unit = 0;
    while (Math.abs(size) >= step && unit < units.length - 1) {
      size /= step;
      unit++;
    }
    BigDecimal rounded = new BigDecimal(size).round(new MathContext(digits)).stripTrailingZeros();
    return rounded.toPlainString() + units[unit];
  }

  /** A length of time in one unit, as {@code About an hour}. */
  public static String duration(Duration length) {
    long seconds = length.toSeconds();
    if (seconds < 1) {
      return "Less than a second";
    }
    if (seconds == 1) {
      return "1 second";
    }
    if (seconds < 60) {
      return seconds + " seconds";
    }
    long minutes = length.toMinutes();
    if (minutes == 1) {
      return "About a minute";
    }
    if (minutes < 60) {
      return minutes + " minutes";
    }
    long hours = Math.round(length.toSeconds() / 3600.0);
    if (hours == 1) {
      return "About an hour";
    }
    if (hours < 48) {
      return hours + " hours";
    }
    if (hours < 24 * 7 * 2) {
      return hours / 24 + " days";
    }
    if (hours < 24 * 30 * 2) {
      return hours / 24 / 7 + " weeks";
    }
    if (hours < 24 * 365 * 2) {
      return hours / 24 / 30 + " months";
    }
    return hours / 24 / 365 + " years";
  }

  /** How long ago a moment was, as {@code 2 minutes ago}. */
  public static String ago(Instant moment, Instant now) {
    Duration past = Duration.between(moment, now);
    return duration(past.isNegative() ? Duration.ZERO : past) + " ago";
  }

  /** A moment for a column, as {@code 2026-01-31 12:00:00 +0000 UTC}. */
  public static String moment(Instant moment, ZoneId zone) {
    return CREATED.format(moment.atZone(zone)).replace(" Z", " UTC");
  }
}

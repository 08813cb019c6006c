package dev.kapal.cli.parse;

import java.math.BigDecimal;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.OffsetDateTime;
import java.time.ZoneId;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Sizes, numbers, durations and moments, as docker's flags take them. All throw UsageException. */
public final class Scalars {
  private static final Pattern SIZE =
      Pattern.compile("(\\d{1,19}(?:\\.\\d{1,9})?) ?([kmgtp]?)i?b?", Pattern.CASE_INSENSITIVE);
  private static final Pattern DURATION_PART =
      Pattern.compile("(\\d{1,18}(?:\\.\\d{0,18})?|\\.\\d{1,18})(ns|us|µs|μs|ms|s|m|h)");
  private static final Map<String, Long> NANOS =
      Map.of(
          "ns", 1L,
          "us", 1_000L,
          "µs", 1_000L,
          "μs", 1_000L,
          "ms", 1_000_000L,
          "s", 1_000_000_000L,
          "m", 60_000_000_000L,
          "h", 3_600_000_000_000L);
  private static final Pattern UNIX = Pattern.compile("(\\d{1,12})(?:\\.(\\d{1,9}))?");

  private static final long LEAST_MEMORY = 6L << 20;

  private Scalars() {}

  /** Bytes; k, m, g, t and p are powers of 1024. */
  public static long size(String option, String text) {
    Matcher matcher = SIZE.matcher(text);
    if (!matcher.matches()) {
      throw Bad.value(
          option, text, "it is not a size", "write a number with b, k, m or g, as in 512m");
    }
    int power = "kmgtp".indexOf(matcher.group(2).toLowerCase(Locale.ROOT)) + 1;
    if (matcher.group(2).isEmpty()) {
      power = 0;
    }
    BigDecimal bytes =
        new BigDecimal(matcher.group(1)).multiply(BigDecimal.valueOf(1L << (10 * power)));
    if (bytes.compareTo(BigDecimal.valueOf(Long.MAX_VALUE)) > 0) {
      throw Bad.value(option, text, "it is more than 8 EiB", "give a smaller size");
    }
    return bytes.longValue();
  }

  /** A limit of memory: none of 0, and no fewer than docker's command takes. */
  public static long memory(String option, String text) {
    long bytes = size(option, text);
    if (bytes > 0 && bytes < LEAST_MEMORY) {
      throw Bad.value(
          option, text, "it is too low", "give at least 6m; without a unit it is bytes");
    }
    return bytes;
  }

  /** A size, or -1 for no limit. */
  public static long sizeOrUnlimited(String option, String text) {
    return text.equals("-1") ? -1 : size(option, text);
  }

  /** A whole number within bounds. */
  public static long number(String option, String text, long least, long most) {
    try {
      long value = Long.parseLong(text);
      if (value >= least && value <= most) {
        return value;
      }
    } catch (NumberFormatException e) {
      // told below
    }
    String range =
        most == Long.MAX_VALUE || most == Integer.MAX_VALUE
            ? "give a whole number from " + least
            : "give a whole number from " + least + " to " + most;
    throw Bad.value(option, text, "it is out of range or not a number", range);
  }

  /** CPUs as a decimal number, in billionths. */
  public static long nanoCpus(String option, String text) {
    // The form comes first: BigDecimal takes minutes for an exponent like 1e99999999.
    if (!text.matches("\\d{1,6}(\\.\\d{1,9})?|\\.\\d{1,9}")) {
      throw Bad.value(option, text, "it is not a number of CPUs", "write as in 1.5");
    }
    return new BigDecimal(text).movePointRight(9).longValueExact();
  }

  /** Go's durations: {@code 1h30m}, {@code 1.5s}, {@code 250ms}. */
  public static Duration duration(String option, String text) {
    return tryDuration(text)
        .orElseThrow(() ->
            Bad.value(
                option,
                text,
                "it is not a duration",
                "write numbers with ms, s, m or h, as in 1m30s"));
  }

  static Optional<Duration> tryDuration(String text) {
    if (text.equals("0")) {
      return Optional.of(Duration.ZERO);
    }
    boolean negative = text.startsWith("-");
    String rest = negative || text.startsWith("+") ? text.substring(1) : text;
    if (rest.isEmpty() || rest.length() > 100) {
      return Optional.empty();
    }
    BigDecimal total = BigDecimal.ZERO;
    Matcher matcher = DURATION_PART.matcher(rest);
    int at = 0;
    while (at < rest.length()) {
      if (!matcher.find(at) || matcher.start() != at) {
        return Optional.empty();
      }
      Long unit = NANOS.get(matcher.group(2));
      if (unit == null) {
        return Optional.empty();
      }
      String number = matcher.group(1).endsWith(".") ? matcher.group(1) + "0" : matcher.group(1);
      total = total.add(new BigDecimal(number).multiply(BigDecimal.valueOf(unit)));
      at = matcher.end();
    }
    if (total.compareTo(BigDecimal.valueOf(Long.MAX_VALUE)) > 0) {
      return Optional.empty();
    }
    long nanos = total.longValue();
    return Optional.of(Duration.ofNanos(negative ? -nanos : nanos));
  }

  /** A moment: RFC 3339, a date or local date and time, seconds since 1970, or how long ago. */
  public static Instant moment(String option, String text, Instant now, ZoneId zone) {
    Matcher unix = UNIX.matcher(text);
    if (unix.matches()) {
      String fraction = unix.group(2) == null ? "" : unix.group(2);
      long nanos = Long.parseLong((fraction + "000000000").substring(0, 9));
      return Instant.ofEpochSecond(Long.parseLong(unix.group(1)), nanos);
    }
    Optional<Duration> ago = tryDuration(text);
    if (ago.isPresent()) {
      return now.minus(ago.get());
    }
    try {
      return OffsetDateTime.parse(text).toInstant();
    } catch (DateTimeException e) {
      // perhaps without a zone
    }
    try {
      String full =
          text.length() == 10 ? text + "T00:00:00" : text.length() == 13 ? text + ":00" : text;
      return LocalDateTime.parse(full).atZone(zone).toInstant();
    } catch (DateTimeException e) {
      throw Bad.value(
          option,
          text,
          "it is not a time",
          "write as in 2026-01-31T15:04:05Z, a number of seconds since 1970, or how long ago as in"
              + " 10m");
    }
  }
}

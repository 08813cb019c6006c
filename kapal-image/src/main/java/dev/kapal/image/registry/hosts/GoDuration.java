package dev.kapal.image.registry.hosts;

import java.math.BigDecimal;
import java.time.Duration;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Durations as Go writes them ({@code 1m30s}, {@code 500ms}); a bare number is seconds. */
final class GoDuration {
  private static final Pattern PART =
      Pattern.compile("([0-9]{1,9}(?:\\.[0-9]{1,9})?)(h|ms|m|s|us|ns)");
  private static final Duration LONGEST = Duration.ofHours(1);

  private GoDuration() {}

  /** Empty unless the value is a positive duration of at most an hour. */
  static Optional<Duration> of(Object value) {
    Optional<Duration> parsed =
        switch (value) {
          case Long seconds when seconds <= 3600 -> Optional.of(Duration.ofSeconds(seconds));
          case String text when text.length() <= 64 -> parse(text.strip());
          default -> Optional.empty();
        };
    return parsed.filter(d -> d.isPositive() && d.compareTo(LONGEST) <= 0);
  }

  private static Optional<Duration> parse(String text) {
    Matcher matcher = PART.matcher(text);
    Duration sum = Duration.ZERO;
    int at = 0;
    while (at < text.length()) {
      if (!matcher.find(at) || matcher.start() != at) {
        return Optional.empty();
      }
      long unit =
          switch (matcher.group(2)) {
            case "h" -> 3_600_000_000_000L;
            case "m" -> 60_000_000_000L;
            case "s" -> 1_000_000_000L;
            case "ms" -> 1_000_000L;
            case "us" -> 1_000L;
            default -> 1L;
          };
      BigDecimal nanos = new BigDecimal(matcher.group(1)).multiply(BigDecimal.valueOf(unit));
      if (nanos.compareTo(BigDecimal.valueOf(LONGEST.toNanos())) > 0) {
        return Optional.empty();
      }
      sum = sum.plusNanos(nanos.longValue());
      at = matcher.end();
    }
    return Optional.of(sum);
  }
}

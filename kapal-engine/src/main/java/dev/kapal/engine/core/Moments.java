package dev.kapal.engine.core;

import dev.kapal.engine.EngineException;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.OffsetDateTime;
import java.time.ZoneId;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Moments as people write them in filters: {@code 24h}, seconds since 1970, RFC 3339, a date. */
final class Moments {
  private static final Pattern PART = Pattern.compile("(\\d{1,9}(?:\\.\\d{1,9})?)(ms|[smhd])");

  private Moments() {}

  static Optional<Instant> until(List<String> values) {
    return values.isEmpty()
        ? Optional.empty()
        : Optional.of(parse(values.getLast(), Instant.now()));
  }

  static Instant parse(String text, Instant now) {
    if (text.matches("\\d{1,12}(\\.\\d{1,9})?")) {
      return Instant.ofEpochMilli((long) (Double.parseDouble(text) * 1000));
    }
    Matcher m = PART.matcher(text);
    Duration total = Duration.ZERO;
    int at = 0;
    while (m.find() && m.start() == at) {
      double unit =
          switch (m.group(2)) {
            case "ms" -> 1;
            case "s" -> 1000;
            case "m" -> 60_000;
            case "h" -> 3_600_000;
            default -> 86_400_000;
          };
      total = total.plusMillis((long) (Double.parseDouble(m.group(1)) * unit));
      at = m.end();
    }
    if (at > 0 && at == text.length()) {
      return now.minus(total);
    }
    try {
      if (text.length() == 10) {
        return LocalDate.parse(text).atStartOfDay(ZoneId.systemDefault()).toInstant();
      }
      if (text.matches(".*(Z|[+-]\\d\\d:\\d\\d)")) {
        return OffsetDateTime.parse(text).toInstant();
      }
      return LocalDateTime.parse(text).atZone(ZoneId.systemDefault()).toInstant();
    } catch (DateTimeException e) {
      throw new EngineException.InvalidArgument(
          "\"" + text + "\" is not a moment: write 24h, 2026-01-31T15:04:05Z or seconds since 1970",
          e);
    }
  }
}

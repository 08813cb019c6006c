package dev.kapal.config.schema;

import dev.kapal.config.text.Node;
import java.time.Duration;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Durations, sizes and limits as configurations write them. */
public final class Quantities {
  private static final Pattern DURATION = Pattern.compile("([0-9]{1,12})(ms|s|m|h)");
  private static final Pattern SIZE =
      Pattern.compile("([0-9]{1,18})\\s*([kmgt]?)(i?b)?", Pattern.CASE_INSENSITIVE);

  private Quantities() {}

  /** Seconds, or a text such as {@code 90s}, {@code 1m30s}, {@code 500ms}. */
  public static Optional<Duration> duration(Node node) {
    // Not a switch over types, which costs the daemon's start milliseconds.
    if (node instanceof Node.Whole whole
        && whole.value() >= 0
        && whole.value() <= Integer.MAX_VALUE) {
      return Optional.of(Duration.ofSeconds(whole.value()));
    }
    return node instanceof Node.Text text ? duration(text.value()) : Optional.empty();
  }

  private static Optional<Duration> duration(String text) {
    if (text.matches("0+")) {
      return Optional.of(Duration.ZERO);
    }
    Matcher matcher = DURATION.matcher(text);
    Duration sum = Duration.ZERO;
    int end = 0;
    while (end < text.length() && matcher.find(end) && matcher.start() == end) {
      long amount = Long.parseLong(matcher.group(1));
      sum =
          sum.plus(
              switch (matcher.group(2)) {
                case "ms" -> Duration.ofMillis(amount);
                case "s" -> Duration.ofSeconds(amount);
                case "m" -> Duration.ofMinutes(amount);
                default -> Duration.ofHours(amount);
              });
      end = matcher.end();
    }
    return end == 0 || end < text.length() || sum.toSeconds() > Integer.MAX_VALUE
        ? Optional.empty()
        : Optional.of(sum);
  }

  /** Bytes, or a text such as {@code 10m}, {@code 64k}, {@code 1GiB}; the factor is 1024. */
  public static OptionalLong size(Node node) {
    if (node instanceof Node.Whole whole && whole.value() >= 0) {
      return OptionalLong.of(whole.value());
    }
    if (!(node instanceof Node.Text text)) {
      return OptionalLong.empty();
    }
    Matcher matcher = SIZE.matcher(text.value());
    if (!matcher.matches()) {
      return OptionalLong.empty();
    }
    int shift =
        switch (matcher.group(2).toLowerCase(Locale.ROOT)) {
          case "k" -> 10;
          case "m" -> 20;
          case "g" -> 30;
          case "t" -> 40;
          default -> 0;
        };
    long amount = Long.parseLong(matcher.group(1));
    return amount > Long.MAX_VALUE >> shift
        ? OptionalLong.empty()
        : OptionalLong.of(amount << shift);
  }

  /** {@code SOFT:HARD}, or one number for both; {@code unlimited} or -1. */
  public static Optional<Limit> limit(Node node) {
    if (node instanceof Node.Whole whole) {
      return limit(whole.value(), whole.value());
    }
    if (!(node instanceof Node.Text text)) {
      return Optional.empty();
    }
    String[] parts = text.value().split(":", -1);
    if (parts.length > 2) {
      return Optional.empty();
    }
    OptionalLong soft = bound(parts[0]);
    OptionalLong hard = bound(parts[parts.length - 1]);
    return soft.isPresent() && hard.isPresent()
        ? limit(soft.getAsLong(), hard.getAsLong())
        : Optional.empty();
  }

  private static OptionalLong bound(String text) {
    if (text.equals("unlimited") || text.equals("-1")) {
      return OptionalLong.of(-1);
    }
    return text.matches("[0-9]{1,18}")
        ? OptionalLong.of(Long.parseLong(text))
        : OptionalLong.empty();
  }

  private static Optional<Limit> limit(long soft, long hard) {
    boolean ordered = hard == -1 || (soft != -1 && soft <= hard);
    return soft >= -1 && hard >= -1 && ordered
        ? Optional.of(new Limit(soft, hard))
        : Optional.empty();
  }

  /**
   * One resource limit.
   *
   * @param soft -1: unlimited
   * @param hard -1: unlimited
   */
  public record Limit(long soft, long hard) {}
}

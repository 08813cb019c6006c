package dev.kapal.image.registry.http;

import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * Content-Range of a 206 answer (RFC 9110, 14.4).
 *
 * @param first offset of the first byte
 * @param last offset of the last byte
 * @param total size of the whole, if told
 */
public record ContentRange(long first, long last, OptionalLong total) {

  /** Reads {@code bytes 0-9/10}; empty for anything else, also for impossible ranges. */
  public static Optional<ContentRange> parse(String text) {
    String trimmed = text.strip();
    if (!trimmed.toLowerCase(Locale.ROOT).startsWith("bytes ")) {
      return Optional.empty();
    }
    String range = trimmed.substring(6).strip();
    int dash = range.indexOf('-');
    int slash = range.indexOf('/');
    if (dash < 1 || slash < dash) {
      return Optional.empty();
    }
    OptionalLong first = number(range.substring(0, dash));
    OptionalLong last = number(range.substring(dash + 1, slash));
    String whole = range.substring(slash + 1);
    OptionalLong total = whole.equals("*") ? OptionalLong.empty() : number(whole);
    boolean sound =
        first.isPresent()
            && last.isPresent()
            && (whole.equals("*") || total.isPresent())
            && first.getAsLong() <= last.getAsLong()
            && (total.isEmpty() || last.getAsLong() < total.getAsLong());
    return sound
        ? Optional.of(new ContentRange(first.getAsLong(), last.getAsLong(), total))
        : Optional.empty();
  }

  /**
   * Reads the Range header of an upload's state ({@code 0-99}): how many bytes the registry holds.
   * {@code 0-0} is what registries also say for none.
   */
  public static OptionalLong uploaded(String text) {
    String range = text.strip();
    if (range.toLowerCase(Locale.ROOT).startsWith("bytes=")) {
      range = range.substring(6);
    }
    int dash = range.indexOf('-');
    if (dash != 1 || range.charAt(0) != '0') {
      return OptionalLong.empty();
    }
    OptionalLong last = number(range.substring(dash + 1));
    return last.isEmpty() ? last : OptionalLong.of(last.getAsLong() + 1);
  }

  private static OptionalLong number(String text) {
    if (text.isEmpty() || text.length() > 18) {
      return OptionalLong.empty();
    }
    return text.chars().allMatch(c -> c >= '0' && c <= '9')
        ? OptionalLong.of(Long.parseLong(text))
        : OptionalLong.empty();
  }
}

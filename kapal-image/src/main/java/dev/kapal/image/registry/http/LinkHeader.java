package dev.kapal.image.registry.http;

import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** Finds the next page in Link headers (RFC 8288). Reads anything; finds nothing in nonsense. */
public final class LinkHeader {
  private static final int LONGEST = 16 << 10;

  private LinkHeader() {}

  /** The target of the first link with {@code rel=next}, as it stands there. */
  public static Optional<String> next(List<String> values) {
    for (String value : values) {
      Optional<String> found = value.length() > LONGEST ? Optional.empty() : next(value);
      if (found.isPresent()) {
        return found;
      }
    }
    return Optional.empty();
  }

  private static Optional<String> next(String value) {
    int at = 0;
    while (true) {
      int open = value.indexOf('<', at);
      int close = open < 0 ? -1 : value.indexOf('>', open);
      if (close < 0) {
        return Optional.empty();
      }
      int end = endOfLink(value, close + 1);
      if (isNext(value.substring(close + 1, end))) {
        return Optional.of(value.substring(open + 1, close).strip());
      }
      at = end;
    }
  }

  /** A comma outside of quotes ends a link. */
  private static int endOfLink(String value, int from) {
    boolean quoted = false;
    for (int i = from; i < value.length(); i++) {
      char c = value.charAt(i);
      if (quoted && c == '\\') {
        i++;
      } else if (c == '"') {
        quoted = !quoted;
      } else if (c == ',' && !quoted) {
        return i;
      }
    }
    return value.length();
  }

  private static boolean isNext(String parameters) {
    for (String parameter : parameters.split(";", -1)) {
      int equals = parameter.indexOf('=');
      if (equals > 0 && parameter.substring(0, equals).strip().equalsIgnoreCase("rel")) {
        String rel = parameter.substring(equals + 1).strip().replace("\"", "");
        for (String relation : rel.toLowerCase(Locale.ROOT).split(" ", -1)) {
          if (relation.equals("next")) {
            return true;
          }
        }
        return false;
      }
    }
    return false;
  }
}

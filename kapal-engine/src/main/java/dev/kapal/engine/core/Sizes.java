package dev.kapal.engine.core;

import dev.kapal.engine.EngineException;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Sizes as people write them: {@code 10m}, {@code 1.5g}; powers of 1024. */
final class Sizes {
  private static final Pattern FORM =
      Pattern.compile("(\\d{1,15})(\\.\\d{1,6})?\\s*([kmgtp]?)i?b?");

  private Sizes() {}

  static long bytes(String text, String what) {
    Matcher m = FORM.matcher(text.toLowerCase(Locale.ROOT).strip());
    if (!m.matches()) {
      throw new EngineException.InvalidArgument(
          what + " \"" + text + "\" is not a size: write it as in 10m or 1g");
    }
    int power = "kmgtp".indexOf(m.group(3).isEmpty() ? '?' : m.group(3).charAt(0)) + 1;
    double value = Double.parseDouble(m.group(1) + (m.group(2) == null ? "" : m.group(2)));
    double bytes = value * Math.pow(1024, power);
    if (bytes > Long.MAX_VALUE / 2d) {
      throw new EngineException.InvalidArgument(what + " \"" + text + "\" is too large");
    }
    return (long) bytes;
  }
}

package dev.kapal.cri.translate;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Numbers as Kubernetes writes them: {@code 10M}, {@code 1.5Gi}, {@code 1e6}. */
final class Quantity {
  private static final Pattern FORM =
      Pattern.compile("([0-9]{1,18}(?:\\.[0-9]{0,9})?)(?:[eE]([0-9]{1,2})|([kKMGTPE]i?|m))?");
  private static final Map<String, Long> UNITS =
      Map.ofEntries(
          Map.entry("k", 1000L),
          Map.entry("M", 1_000_000L),
          Map.entry("G", 1_000_000_000L),
          Map.entry("T", 1_000_000_000_000L),
          Map.entry("P", 1_000_000_000_000_000L),
          Map.entry("E", 1_000_000_000_000_000_000L),
          Map.entry("Ki", 1L << 10),
          Map.entry("Mi", 1L << 20),
          Map.entry("Gi", 1L << 30),
          Map.entry("Ti", 1L << 40),
          Map.entry("Pi", 1L << 50),
          Map.entry("Ei", 1L << 60));

  private Quantity() {}

  /**
   * The number, rounded up.
   *
   * @param what for the message
   * @throws IllegalArgumentException it is none, or outside the range
   */
  static long parse(String text, String what, long least, long most) {
    Matcher m = FORM.matcher(text.strip());
    if (m.matches()) {
      BigDecimal number = new BigDecimal(m.group(1));
      if (m.group(2) != null) {
        number = number.scaleByPowerOfTen(Integer.parseInt(m.group(2)));
      } else if ("m".equals(m.group(3))) {
        number = number.scaleByPowerOfTen(-3);
      } else if (m.group(3) != null && UNITS.containsKey(m.group(3))) {
        number = number.multiply(BigDecimal.valueOf(UNITS.getOrDefault(m.group(3), 1L)));
      } else if (m.group(3) != null) {
        number = BigDecimal.valueOf(-1);
      }
      BigDecimal whole = number.setScale(0, RoundingMode.CEILING);
      if (whole.compareTo(BigDecimal.valueOf(least)) >= 0
          && whole.compareTo(BigDecimal.valueOf(most)) <= 0) {
        return whole.longValueExact();
      }
    }
    throw new IllegalArgumentException(
        what + " \"" + text + "\" is not a quantity from " + least + " to " + most + ", as in 10M");
  }
}

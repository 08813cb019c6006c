package dev.kapal.oci.runtime;

import java.util.BitSet;
import java.util.Optional;
import java.util.regex.Pattern;

/** Lists of CPUs or NUMA nodes such as {@code 0-3,7} (cpuset(7), List format). */
public final class CpuList {
  private static final Pattern FORM =
      Pattern.compile("(\\d{1,5}(-\\d{1,5})?(,\\d{1,5}(-\\d{1,5})?)*)?");
  private static final int MOST = 65536;

  private CpuList() {}

  /** The numbers in a list; empty when it is not one. */
  public static Optional<BitSet> parse(String list) {
    String text = list.strip();
    if (text.length() > 65536 || !FORM.matcher(text).matches()) {
      return Optional.empty();
    }
    BitSet bits = new BitSet();
    if (text.isEmpty()) {
      return Optional.of(bits);
    }
    for (String part : text.split(",", -1)) {
      int dash = part.indexOf('-');
      int low = Integer.parseInt(dash < 0 ? part : part.substring(0, dash));
      int high = dash < 0 ? low : Integer.parseInt(part.substring(dash + 1));
      if (low > high || high >= MOST) {
        return Optional.empty();
      }
      bits.set(low, high + 1);
    }
    return Optional.of(bits);
  }

  static void check(Checks checks, String field, String list) {
    checks.that(parse(list).isPresent(), field, list, "must be a list such as 0-3,7");
  }
}

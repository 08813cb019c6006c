package dev.kapal.config.runtime;

import dev.kapal.runtime.Tier;
import java.util.Locale;

/** What is known of how strongly well-known runtimes isolate. */
final class Tiers {
  private Tiers() {}

  /** By the name of a program or the type of a shim. */
  static Tier of(String programOrType) {
    String word = programOrType.toLowerCase(Locale.ROOT);
    word = word.substring(word.lastIndexOf('/') + 1);
    if (word.contains("runsc") || word.contains("gvisor")) {
      return Tier.SANDBOX;
    }
    if (word.contains("kata") || word.contains("firecracker") || word.equals("runv")) {
      return Tier.VM;
    }
    return Tier.NATIVE;
  }
}

package dev.kapal.network;

import java.util.Comparator;
import java.util.List;

/** Versions of the CNI protocol. */
final class Versions {
  private static final List<String> KNOWN =
      List.of("0.1.0", "0.2.0", "0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0");

  /** Oldest first. */
  static final Comparator<String> ORDER = Comparator.comparingInt(KNOWN::indexOf);

  private Versions() {}

  static boolean isKnown(String version) {
    return KNOWN.contains(version);
  }

  static boolean atLeast(String version, String floor) {
    return KNOWN.indexOf(version) >= KNOWN.indexOf(floor);
  }

  /** Refuses a version whose results could not be read. */
  static void check(String network, String version) {
    if (!isKnown(version)) {
      throw new NetworkException.Invalid(
          "network \""
              + network
              + "\" has cniVersion \""
              + version
              + "\": the versions known are "
              + String.join(", ", KNOWN));
    }
  }
}

package dev.kapal.cri.service;

import java.util.Map;

/** Selection by labels. */
final class Selectors {
  private Selectors() {}

  /** Whether all the wanted ones are there with exactly these values. */
  static boolean match(Map<String, String> labels, Map<String, String> wanted) {
    return labels.entrySet().containsAll(wanted.entrySet());
  }
}

package dev.kapal.oci.runtime;

import java.util.List;

/**
 * Execution domain (personality(2)).
 *
 * @param domain {@code LINUX} or {@code LINUX32}
 * @param flags none are defined
 */
public record Personality(String domain, List<String> flags) {
  /** Absent members get their defaults. */
  public Personality {
    domain = Defaults.string(domain);
    flags = Defaults.list(flags);
  }
}

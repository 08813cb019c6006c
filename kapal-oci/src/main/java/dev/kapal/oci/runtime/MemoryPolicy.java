package dev.kapal.oci.runtime;

import java.util.List;

/**
 * NUMA memory policy (set_mempolicy(2)).
 *
 * @param mode {@code MPOL_BIND} and so on
 * @param nodes a list such as {@code 0-3}
 * @param flags {@code MPOL_F_*}
 */
public record MemoryPolicy(String mode, String nodes, List<String> flags) {
  /** Absent members get their defaults. */
  public MemoryPolicy {
    mode = Defaults.string(mode);
    nodes = Defaults.string(nodes);
    flags = Defaults.list(flags);
  }
}

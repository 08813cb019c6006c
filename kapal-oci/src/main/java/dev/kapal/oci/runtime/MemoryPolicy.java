package dev.kapal.oci.runtime;

import java.util.BitSet;
import java.util.List;
import java.util.Set;

/**
 * NUMA memory policy (config-linux.md, Memory policy; set_mempolicy(2)).
 *
 * @param mode one of {@link #MODES}
 * @param nodes a list such as {@code 0-3}
 * @param flags of {@link #FLAGS}
 */
public record MemoryPolicy(String mode, String nodes, List<String> flags) {
  /** All modes; a mode's place is its number in linux/mempolicy.h. */
  public static final List<String> MODES =
      List.of(
          "MPOL_DEFAULT",
          "MPOL_PREFERRED",
          "MPOL_BIND",
          "MPOL_INTERLEAVE",
          "MPOL_LOCAL",
          "MPOL_PREFERRED_MANY",
          "MPOL_WEIGHTED_INTERLEAVE");

  /** All flags; the first is bit 13 of a mode's number, the others follow. */
  public static final List<String> FLAGS =
      List.of("MPOL_F_NUMA_BALANCING", "MPOL_F_RELATIVE_NODES", "MPOL_F_STATIC_NODES");

  private static final Set<String> WITHOUT_NODES = Set.of("MPOL_DEFAULT", "MPOL_LOCAL");

  /** Absent members get their defaults. */
  public MemoryPolicy {
    mode = Defaults.string(mode);
    nodes = Defaults.string(nodes);
    flags = Defaults.list(flags);
  }

  void check(Checks checks, String at) {
    checks.that(MODES.contains(mode), at + ".mode", mode, "must be one of " + MODES);
    for (String flag : flags) {
      checks.that(FLAGS.contains(flag), at + ".flags", flag, "must be one of " + FLAGS);
    }
    checks.that(
        !flags.containsAll(List.of("MPOL_F_RELATIVE_NODES", "MPOL_F_STATIC_NODES")),
        at + ".flags",
        flags,
        "nodes are either relative or static");
    CpuList.check(checks, at + ".nodes", nodes);
    boolean none = CpuList.parse(nodes).map(BitSet::isEmpty).orElse(false);
    checks.that(
        none || !WITHOUT_NODES.contains(mode), at + ".nodes", nodes, mode + " takes no nodes");
    checks.that(
        !none || WITHOUT_NODES.contains(mode) || mode.equals("MPOL_PREFERRED"),
        at + ".nodes",
        nodes,
        mode + " needs one node at least");
  }
}

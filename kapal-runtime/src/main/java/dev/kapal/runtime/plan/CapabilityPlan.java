package dev.kapal.runtime.plan;

import static dev.kapal.runtime.plan.Kernel.*;

import dev.kapal.linux.Capabilities;
import dev.kapal.oci.runtime.Process;
import java.util.List;

/** The five capability sets of a process (capabilities(7)), as masks. */
record CapabilityPlan(
    long bounding, long effective, long inheritable, long permitted, long ambient, int last) {
  private static final long SYS_ADMIN = 1L << 21;

  /**
   * What this process does not have itself cannot be passed on: that is left out, with a warning.
   */
  static CapabilityPlan of(
      Process process, HostFacts facts, boolean ownUserNamespace, List<String> warnings) {
    Process.Capabilities sets =
        process.capabilities().orElseGet(() -> Process.Capabilities.of(List.of()));
    long known = facts.lastCapability() >= 63 ? -1L : (1L << (facts.lastCapability() + 1)) - 1;
    long have = ownUserNamespace ? known : known & facts.capabilities();
    long bounding = mask(sets.bounding(), have, warnings);
    long permitted = mask(sets.permitted(), have, warnings) & have;
    long inheritable = mask(sets.inheritable(), have, warnings);
    for (String name : sets.ambient()) {
      long bit = Capabilities.number(name).map(n -> 1L << n).orElse(0L);
      if ((bit & have) != 0 && (bit & permitted & inheritable) == 0) {
        warnings.add(
            "can't raise ambient capability "
                + name
                + ": it is not both permitted and inheritable");
      }
    }
    return new CapabilityPlan(
        bounding,
        mask(sets.effective(), have, warnings) & permitted,
        inheritable,
        permitted,
        mask(sets.ambient(), have, warnings) & permitted & inheritable,
        facts.lastCapability());
  }

  private static long mask(List<String> names, long have, List<String> warnings) {
    long mask = 0;
    for (String name : names) {
      long bit = Capabilities.number(name).map(n -> 1L << n).orElse(0L);
      String warning =
          bit == 0
              ? "The capability " + name + " is unknown and is left out"
              : (bit & have) == 0
                  ? "The capability " + name + " is not available on this host and is left out"
                  : "";
      if (!warning.isEmpty() && !warnings.contains(warning)) {
        warnings.add(warning);
      }
      mask |= bit & have;
    }
    return mask;
  }

  void dropBounding(Section s) {
    s.to("drop capabilities from the bounding set");
    for (int cap = 0; cap <= last; cap++) {
      if ((bounding & (1L << cap)) == 0) {
        s.call("prctl", Arg.of(PR_CAPBSET_DROP), Arg.of(cap), Arg.of(0), Arg.of(0), Arg.of(0));
      }
    }
  }

  /**
   * Sets effective, permitted and inheritable; keeps what loading a filter without no_new_privs
   * needs.
   */
  void apply(Section s, boolean keepAdmin) {
    s.to("set the capabilities");
    long extra = keepAdmin ? SYS_ADMIN : 0;
    Bytes header = Bytes.struct(8, b -> b.putInt(0x20080522).putInt(0));
    Bytes data =
        Bytes.struct(
            24,
            b -> {
              for (int shift = 0; shift <= 32; shift += 32) {
                b.putInt((int) ((effective | extra) >>> shift));
                b.putInt((int) ((permitted | extra) >>> shift));
                b.putInt((int) (inheritable >>> shift));
              }
            });
    s.call("capset", Arg.of(header), Arg.of(data));
  }

  boolean hasAdmin() {
    return (effective & SYS_ADMIN) != 0;
  }

  void raiseAmbient(Section s) {
    if (ambient != 0) {
      s.to("set the ambient capabilities");
      for (int cap = 0; cap <= last; cap++) {
        if ((ambient & (1L << cap)) != 0) {
          s.call("prctl", Arg.of(PR_CAP_AMBIENT), Arg.of(2), Arg.of(cap), Arg.of(0), Arg.of(0));
        }
      }
    }
  }
}

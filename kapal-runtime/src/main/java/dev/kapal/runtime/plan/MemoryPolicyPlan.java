package dev.kapal.runtime.plan;

import dev.kapal.oci.runtime.CpuList;
import dev.kapal.oci.runtime.MemoryPolicy;
import java.util.BitSet;

/**
 * From which NUMA nodes a process gets its memory (config-linux.md, Memory policy). The kernel
 * takes nodes of the process's cpuset alone, so this comes behind the control group; a filter may
 * forbid it, so it comes before that.
 */
final class MemoryPolicyPlan {
  private static final int FIRST_FLAG = 13;

  private MemoryPolicyPlan() {}

  static void apply(Compilation c) {
    c.linux.memoryPolicy().ifPresent(policy -> apply(c.init, policy));
  }

  private static void apply(Section s, MemoryPolicy policy) {
    long mode = MemoryPolicy.MODES.indexOf(policy.mode());
    for (String flag : policy.flags()) {
      mode |= 1L << (FIRST_FLAG + MemoryPolicy.FLAGS.indexOf(flag));
    }
    BitSet nodes = CpuList.parse(policy.nodes()).orElseGet(BitSet::new);
    s.to(
        "set the memory policy "
            + policy.mode()
            + (nodes.isEmpty() ? "" : " for the nodes " + policy.nodes()));
    if (nodes.isEmpty()) {
      s.call("set_mempolicy", Arg.of(mode), Arg.of(0), Arg.of(0));
      return;
    }
    Bytes mask = Bytes.mask(nodes);
    // The kernel takes one bit less than it is told of.
    s.call("set_mempolicy", Arg.of(mode), Arg.of(mask), Arg.of(8L * mask.length() + 1));
  }
}

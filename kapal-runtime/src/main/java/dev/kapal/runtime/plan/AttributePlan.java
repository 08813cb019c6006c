package dev.kapal.runtime.plan;

import dev.kapal.oci.runtime.CpuList;
import dev.kapal.oci.runtime.Process;
import java.util.BitSet;
import java.util.List;

/** What a process has beside its rights: where and when it runs, and its execution domain. */
final class AttributePlan {
  private static final List<String> POLICIES =
      List.of(
          "SCHED_OTHER",
          "SCHED_FIFO",
          "SCHED_RR",
          "SCHED_BATCH",
          "SCHED_ISO",
          "SCHED_IDLE",
          "SCHED_DEADLINE");
  private static final List<String> SCHED_FLAGS =
      List.of(
          "SCHED_FLAG_RESET_ON_FORK",
          "SCHED_FLAG_RECLAIM",
          "SCHED_FLAG_DL_OVERRUN",
          "SCHED_FLAG_KEEP_POLICY",
          "SCHED_FLAG_KEEP_PARAMS",
          "SCHED_FLAG_UTIL_CLAMP_MIN",
          "SCHED_FLAG_UTIL_CLAMP_MAX");
  private static final List<String> IO_CLASSES =
      List.of("", "IOPRIO_CLASS_RT", "IOPRIO_CLASS_BE", "IOPRIO_CLASS_IDLE");

  /** More CPUs than a kernel has; it leaves out those that it does not. */
  private static final int CPUS = 8192;

  private AttributePlan() {}

  /**
   * The scheduling policy and the I/O priority.
   *
   * @param bound whether it may run on some CPUs alone, with which not every policy goes
   */
  static void schedule(Section host, Process process, boolean bound) {
    process.scheduler().ifPresent(s -> scheduler(host, s, bound));
    process
        .ioPriority()
        .ifPresent(p -> {
          host.to("set the I/O priority to " + p.ioClass() + " " + p.priority());
          host.call(
              "ioprio_set",
              Arg.of(1),
              Arg.of(0),
              Arg.of(((long) IO_CLASSES.indexOf(p.ioClass()) << 13) | p.priority()));
        });
  }

  private static void scheduler(Section s, Process.Scheduler sched, boolean bound) {
    long flags = 0;
    for (String flag : sched.flags()) {
      flags |= 1L << SCHED_FLAGS.indexOf(flag);
    }
    long bits = flags;
    s.to(
        "set the scheduling policy "
            + sched.policy()
            + (bound ? " (process scheduler can't be used together with AllowedCPUs)" : ""));
    s.call(
        "sched_setattr",
        Arg.of(0),
        Arg.of(
            Bytes.struct(
                48,
                b ->
                    b.putInt(48)
                        .putInt(POLICIES.indexOf(sched.policy()))
                        .putLong(bits)
                        .putInt(sched.nice())
                        .putInt(sched.priority())
                        .putLong(sched.runtime())
                        .putLong(sched.deadline())
                        .putLong(sched.period()))),
        Arg.of(0));
  }

  /** Lets a process run wherever its group may: it has the mask of whoever launches it. */
  static void allCpus(Section s) {
    s.to("run on all CPUs, whatever whoever launches it is bound to");
    byte[] all = new byte[CPUS / 8];
    java.util.Arrays.fill(all, (byte) -1);
    s.call("sched_setaffinity", Arg.of(0), Arg.of(all.length), Arg.of(Bytes.of(all)))
        .allow(Step.Allowed.ANY);
  }

  /** Pins a process to CPUs. */
  static void affinity(Section s, String cpus) {
    BitSet set = CpuList.parse(cpus).orElseGet(BitSet::new);
    if (!set.isEmpty()) {
      s.to("run on CPUs " + cpus);
      Bytes mask = Bytes.mask(set);
      s.call("sched_setaffinity", Arg.of(0), Arg.of(mask.length()), Arg.of(mask));
    }
  }

  static void personality(Compilation c) {
    c.linux
        .personality()
        .ifPresent(p -> {
          c.init.to("set the execution domain " + p.domain());
          c.init.call("personality", Arg.of(p.domain().equals("LINUX32") ? 8 : 0));
        });
  }
}

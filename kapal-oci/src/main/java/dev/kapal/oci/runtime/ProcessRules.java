package dev.kapal.oci.runtime;

import java.util.HashSet;
import java.util.Set;

/** Rules of config.md, Process. */
final class ProcessRules {
  private static final Set<String> RLIMITS =
      Set.of(
          "RLIMIT_AS",
          "RLIMIT_CORE",
          "RLIMIT_CPU",
          "RLIMIT_DATA",
          "RLIMIT_FSIZE",
          "RLIMIT_LOCKS",
          "RLIMIT_MEMLOCK",
          "RLIMIT_MSGQUEUE",
          "RLIMIT_NICE",
          "RLIMIT_NOFILE",
          "RLIMIT_NPROC",
          "RLIMIT_RSS",
          "RLIMIT_RTPRIO",
          "RLIMIT_RTTIME",
          "RLIMIT_SIGPENDING",
          "RLIMIT_STACK");
  private static final Set<String> POLICIES =
      Set.of(
          "SCHED_OTHER",
          "SCHED_FIFO",
          "SCHED_RR",
          "SCHED_BATCH",
          "SCHED_ISO",
          "SCHED_IDLE",
          "SCHED_DEADLINE");
  private static final Set<String> SCHED_FLAGS =
      Set.of(
          "SCHED_FLAG_RESET_ON_FORK",
          "SCHED_FLAG_RECLAIM",
          "SCHED_FLAG_DL_OVERRUN",
          "SCHED_FLAG_KEEP_POLICY",
          "SCHED_FLAG_KEEP_PARAMS",
          "SCHED_FLAG_UTIL_CLAMP_MIN",
          "SCHED_FLAG_UTIL_CLAMP_MAX");
  private static final Set<String> IO_CLASSES =
      Set.of("IOPRIO_CLASS_RT", "IOPRIO_CLASS_BE", "IOPRIO_CLASS_IDLE");

  private final Checks checks;

  ProcessRules(Checks checks) {
    this.checks = checks;
  }

  void process(String at, Process process) {
    checks.that(!process.args().isEmpty(), at + ".args", "", "must name a program");
    process.args().forEach(a -> checks.text(at + ".args", a));
    checks.that(
        process.args().isEmpty() || !process.args().getFirst().isEmpty(),
        at + ".args[0]",
        "",
        "must not be empty");
    for (String entry : process.env()) {
      checks.text(at + ".env", entry);
      checks.that(entry.indexOf('=') > 0, at + ".env", entry, "must be NAME=value");
    }
    checks.absolute(at + ".cwd", process.cwd());
    user(at + ".user", process.user());
    Set<String> seen = new HashSet<>();
    for (Process.Rlimit limit : process.rlimits()) {
      checks.that(
          RLIMITS.contains(limit.type()),
          at + ".rlimits.type",
          limit.type(),
          "is not a resource limit of Linux");
      checks.that(
          seen.add(limit.type()), at + ".rlimits.type", limit.type(), "must appear once only");
      checks.that(
          Long.compareUnsigned(limit.soft(), limit.hard()) <= 0,
          at + ".rlimits[" + limit.type() + "].soft",
          Long.toUnsignedString(limit.soft()),
          "must not be above the hard limit");
    }
    process.oomScoreAdj().ifPresent(v -> checks.range(at + ".oomScoreAdj", v, -1000, 1000));
    process
        .consoleSize()
        .ifPresent(b -> {
          checks.range(at + ".consoleSize.height", b.height(), 0, 65535);
          checks.range(at + ".consoleSize.width", b.width(), 0, 65535);
        });
    // Names of capabilities that nobody knows are to be warned of, not refused (config.md, Linux
    // Process).
    process.scheduler().ifPresent(s -> scheduler(at + ".scheduler", s));
    process
        .ioPriority()
        .ifPresent(p -> {
          checks.that(
              IO_CLASSES.contains(p.ioClass()),
              at + ".ioPriority.class",
              p.ioClass(),
              "must be one of " + IO_CLASSES);
          checks.range(at + ".ioPriority.priority", p.priority(), 0, 7);
        });
    process
        .execCpuAffinity()
        .ifPresent(a -> {
          CpuList.check(checks, at + ".execCPUAffinity.initial", a.initial());
          CpuList.check(checks, at + ".execCPUAffinity.final", a.last());
        });
    label(at + ".apparmorProfile", process.apparmorProfile());
    label(at + ".selinuxLabel", process.selinuxLabel());
  }

  private void user(String at, Process.User user) {
    checks.id(at + ".uid", user.uid());
    checks.id(at + ".gid", user.gid());
    user.additionalGids().forEach(g -> checks.id(at + ".additionalGids", g));
    checks.that(
        user.additionalGids().size() <= 65536,
        at + ".additionalGids",
        user.additionalGids().size(),
        "must have at most 65536 entries");
    user.umask().ifPresent(m -> checks.range(at + ".umask", m, 0, 0777));
  }

  private void scheduler(String at, Process.Scheduler s) {
    checks.that(
        POLICIES.contains(s.policy()), at + ".policy", s.policy(), "must be one of " + POLICIES);
    s.flags()
        .forEach(f ->
            checks.that(
                SCHED_FLAGS.contains(f), at + ".flags", f, "must be one of " + SCHED_FLAGS));
    checks.range(at + ".nice", s.nice(), -20, 19);
    checks.range(at + ".priority", s.priority(), 0, 99);
    boolean deadline = s.policy().equals("SCHED_DEADLINE");
    checks.that(
        deadline || (s.runtime() == 0 && s.deadline() == 0 && s.period() == 0),
        at + ".policy",
        s.policy(),
        "runtime, deadline and period are for SCHED_DEADLINE");
  }

  /** Labels are written into procfs; a line break would start a second command there. */
  private void label(String at, String label) {
    checks.text(at, label);
    checks.that(label.indexOf('\n') < 0, at, label, "must not contain a line break");
  }
}

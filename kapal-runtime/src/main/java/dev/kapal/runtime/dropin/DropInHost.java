package dev.kapal.runtime.dropin;

import dev.kapal.linux.CgroupManager;
import dev.kapal.linux.Fd;
import dev.kapal.linux.KernelFeatures;
import dev.kapal.linux.Linux;
import dev.kapal.runtime.monitor.MonitorProgram;
import dev.kapal.runtime.plan.HostFacts;
import dev.kapal.runtime.seccomp.SeccompCache;

/** What all commands share. */
record DropInHost(
    Linux linux,
    CgroupManager cgroups,
    HostFacts facts,
    SeccompCache seccomp,
    MonitorProgram program) {
  static DropInHost create(Linux linux, KernelFeatures features) {
    return new DropInHost(
        linux,
        linux.cgroups(),
        HostFacts.of(features),
        new SeccompCache(features.seccompActions()),
        new MonitorProgram(linux));
  }

  Fd executable() {
    return program.executable();
  }
}

package dev.kapal.runtime.monitor;

import dev.kapal.linux.CgroupManager;
import dev.kapal.linux.Linux;
import dev.kapal.linux.Poller;
import dev.kapal.runtime.plan.HostFacts;
import dev.kapal.runtime.seccomp.SeccompCache;

/** What all sandboxes of a runtime share. */
record Host(
    Linux linux,
    Poller poller,
    CgroupManager cgroups,
    HostFacts facts,
    SeccompCache seccomp,
    MonitorProgram program,
    HookRunner hooks,
    String cgroupParent) {}

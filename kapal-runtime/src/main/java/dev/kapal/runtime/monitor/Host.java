package dev.kapal.runtime.monitor;

import dev.kapal.linux.CgroupManager;
import dev.kapal.linux.Linux;
import dev.kapal.linux.Poller;
import dev.kapal.linux.systemd.Systemd;
import dev.kapal.runtime.plan.HostFacts;
import dev.kapal.runtime.seccomp.SeccompCache;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * What all sandboxes of a runtime share.
 *
 * @param systemd the host's, empty where something else runs it
 */
record Host(
    Linux linux,
    Poller poller,
    CgroupManager cgroups,
    HostFacts facts,
    SeccompCache seccomp,
    MonitorProgram program,
    HookRunner hooks,
    String cgroupParent,
    Supplier<Optional<Systemd>> systemd) {}

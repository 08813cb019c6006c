package dev.kapal.runtime.oci;

import dev.kapal.linux.CgroupManager;
import dev.kapal.linux.Linux;
import dev.kapal.linux.Poller;
import dev.kapal.runtime.monitor.MonitorProgram;
import dev.kapal.runtime.plan.HostFacts;

/** What all sandboxes of a runtime share. */
record OciHost(
    Linux linux,
    Poller poller,
    CgroupManager cgroups,
    HostFacts facts,
    MonitorProgram program,
    OciRuntimeConfig config,
    OciBinary binary) {}

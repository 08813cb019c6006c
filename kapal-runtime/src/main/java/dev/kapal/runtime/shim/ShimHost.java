package dev.kapal.runtime.shim;

import dev.kapal.linux.CgroupManager;
import dev.kapal.linux.Linux;
import dev.kapal.linux.Poller;
import dev.kapal.runtime.driver.HostCommand;
import dev.kapal.runtime.monitor.MonitorProgram;
import dev.kapal.runtime.plan.HostFacts;

/** What all sandboxes of a runtime share. */
record ShimHost(
    Linux linux,
    Poller poller,
    CgroupManager cgroups,
    HostFacts facts,
    MonitorProgram program,
    ShimRuntimeConfig config) {
  /** The shim's program. */
  HostCommand binary() {
    return new HostCommand(
        linux,
        config.name() + " (" + config.binary() + ")",
        config.binary().toString(),
        "a shim of containerd");
  }
}

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
  private static final ProgramText NO_SINK = new ProgramText("no containerd event sink");

  /** The shim's program. */
  HostCommand binary() {
    return new HostCommand(
        linux,
        config.name() + " (" + config.binary() + ")",
        config.binary().toString(),
        "a shim of containerd");
  }

  /**
   * Whether its program is better told of nobody who takes events: gVisor's ends when it cannot
   * tell one, and with it the container, unless there is nobody to tell (as under CRI-O). Those
   * that do not know that yet end then, too, and are told.
   */
  boolean wantsNoEvents() {
    return config.wantsContainerType() && NO_SINK.in(linux, config.binary());
  }
}

package dev.kapal.runtime.dropin;

import dev.kapal.linux.Cgroup;
import dev.kapal.linux.CgroupLayout;
import dev.kapal.linux.CgroupManager;
import dev.kapal.oci.runtime.Linux;
import dev.kapal.runtime.monitor.CgroupPaths;
import dev.kapal.runtime.monitor.SandboxFiles;
import dev.kapal.runtime.monitor.SystemdScope;
import java.util.Optional;

/**
 * Where a container that is to be made has its control group.
 *
 * @param wanted as the config has it, or as {@code --systemd-cgroup} has it without
 * @param path of the group
 */
record Placement(Session session, Linux section, String wanted, String path) {
  static Placement of(Session session, Linux section, String id) {
    String wanted = wanted(session, section.cgroupsPath(), id);
    return new Placement(session, section, wanted, CgroupPaths.of(wanted, "/kapal-oci", id));
  }

  private static String wanted(Session session, String given, String id) {
    if (!session.globals().systemdCgroup() || given.split(":", -1).length == 3) {
      return given;
    }
    if (given.isEmpty()) {
      return "system.slice:kapal:" + id;
    }
    throw new CommandFailed(
        "expected cgroupsPath to be of format \"slice:prefix:name\" for systemd cgroups, got \""
            + given
            + "\" instead");
  }

  /**
   * Refuses a group that is somebody else's, before anything is done to it.
   *
   * @param claimed what is given up then
   */
  void check(SandboxFiles claimed) {
    try {
      check();
    } catch (CommandFailed e) {
      claimed.removeAll();
      throw e;
    }
  }

  private void check() {
    CgroupManager cgroups = session.host().cgroups();
    if (cgroups.layout().mode() != CgroupLayout.Mode.V2
        && section.resources().map(r -> !r.unified().isEmpty()).orElse(false)) {
      throw new CommandFailed("invalid configuration: cannot use unified resources on cgroup v1");
    }
    Cgroup cgroup = cgroups.open(path);
    if (!cgroup.exists()) {
      return;
    }
    if (cgroup.isFrozen()) {
      throw new CommandFailed("container's cgroup unexpectedly frozen: " + path);
    }
    int processes = cgroup.processes().size();
    if (processes > 0) {
      throw new CommandFailed(
          "container's cgroup is not empty: " + path + " has " + processes + " process(es)");
    }
  }

  /** Where systemd runs the host, it makes the group; elsewhere it lies where systemd's would. */
  Optional<SystemdScope> scope() {
    if (!session.globals().systemdCgroup() || SystemdScope.unit(wanted).isEmpty()) {
      return Optional.empty();
    }
    DropInHost host = session.host();
    return SystemdScope.systemd(host.linux())
        .map(systemd ->
            SystemdScope.start(host.linux(), systemd, host.program(), wanted, section.resources()));
  }
}

package dev.kapal.runtime.dropin;

import dev.kapal.linux.Cgroup;
import dev.kapal.linux.CgroupException;
import dev.kapal.linux.CgroupLayout;
import dev.kapal.linux.CgroupManager;
import dev.kapal.linux.CgroupResources;
import dev.kapal.linux.Errno;
import dev.kapal.linux.ErrnoException;
import dev.kapal.linux.systemd.Systemd;
import dev.kapal.oci.runtime.Linux;
import dev.kapal.runtime.monitor.CgroupPaths;
import dev.kapal.runtime.monitor.Limits;
import dev.kapal.runtime.monitor.SandboxFiles;
import dev.kapal.runtime.monitor.SystemdScope;
import java.util.List;
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
    Optional<String> below = session.globals().rootless() ? delegated(session) : Optional.empty();
    String path =
        below
            .map(parent -> CgroupPaths.of(wanted, parent, "kapal-oci-" + id))
            .orElseGet(() -> CgroupPaths.of(wanted, "/kapal-oci", id));
    return new Placement(session, section, wanted, path);
  }

  /**
   * Where cgroup v2 may be delegated: beside the caller's own group, which has processes in it and
   * so no controllers for groups below.
   */
  private static Optional<String> delegated(Session session) {
    if (session.host().cgroups().layout().mode() != CgroupLayout.Mode.V2) {
      return Optional.empty();
    }
    int caller = session.command().pid();
    return Optional.ofNullable(session.host().linux().processes().cgroups(caller).get(""))
        .map(own -> own.substring(0, Math.max(0, own.lastIndexOf('/'))));
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

  /** The host's systemd, if it is to be asked and would listen: it makes groups for root alone. */
  static Optional<Systemd> systemd(Session session) {
    return session.globals().systemdCgroup() && !session.host().facts().identity().rootless()
        ? SystemdScope.systemd(session.host().linux())
        : Optional.empty();
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

  /**
   * Makes the group, with its limits. A rootless container that needs none, of a user who may write
   * to no group, goes on without; nor does he need rules for devices, since he can make none.
   *
   * @return the group, or none
   */
  Cgroup make() {
    boolean rootless = session.globals().rootless();
    CgroupResources all = section.resources().map(Limits::of).orElse(CgroupResources.NONE);
    CgroupResources limits = rootless ? all.withDevices(List.of()) : all;
    Cgroup made;
    try {
      made = session.host().cgroups().create(path);
    } catch (CgroupException e) {
      if (!rootless || !refused(e)) {
        throw e;
      }
      if (!section.cgroupsPath().isEmpty() || !limits.equals(CgroupResources.NONE)) {
        throw new CommandFailed(
            e.getMessage()
                + "; a rootless container goes on without a control group where it may have none,"
                + " but not with linux.cgroupsPath or linux.resources: leave them out"
                + (SystemdScope.unit(wanted).isPresent()
                    ? "; no service manager of the user's is asked: have the engine manage control"
                        + " groups itself (podman --cgroup-manager cgroupfs)"
                    : ""),
            e);
      }
      session.console().debug("goes on without a control group: " + e.getMessage());
      return Cgroup.none();
    }
    made.set(limits).forEach(session.console()::debug);
    return made;
  }

  private boolean refused(CgroupException e) {
    return e.getCause() instanceof ErrnoException cause
        ? cause.is(Errno.EACCES, Errno.EPERM, Errno.EROFS)
        : session.host().cgroups().layout().mode() == CgroupLayout.Mode.NONE;
  }

  /** Where systemd runs the host, it makes the group; elsewhere it lies where systemd's would. */
  Optional<SystemdScope> scope() {
    if (SystemdScope.unit(wanted).isEmpty()) {
      return Optional.empty();
    }
    DropInHost host = session.host();
    return systemd(session)
        .map(systemd ->
            SystemdScope.start(host.linux(), systemd, host.program(), wanted, section.resources()));
  }
}

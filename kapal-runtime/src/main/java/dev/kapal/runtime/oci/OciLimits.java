package dev.kapal.runtime.oci;

import dev.kapal.linux.Cgroup;
import dev.kapal.linux.CgroupException;
import dev.kapal.oci.runtime.Linux;
import dev.kapal.oci.runtime.Resources;
import dev.kapal.oci.runtime.RuntimeConfig;
import dev.kapal.oci.runtime.RuntimeConfigJson;
import dev.kapal.runtime.ContainerException;
import dev.kapal.runtime.ContainerStats;
import dev.kapal.runtime.monitor.Limits;
import dev.kapal.runtime.monitor.SystemdScope;
import java.util.function.Supplier;

/**
 * Limits and usage of a container. Limits are changed by its runtime, which knows them too; usage
 * is read from the cgroup where there is one, and asked for otherwise.
 */
record OciLimits(OciCommands commands, Cgroup cgroup) {
  private OciSandbox sandbox() {
    return commands.sandbox();
  }

  /** Does something with the cgroup. */
  <T> T asked(String what, Supplier<T> action) {
    try {
      return action.get();
    } catch (CgroupException e) {
      throw new ContainerException.Failed(
          "Cannot " + what + " container " + commands.id() + ": " + e.getMessage(), e);
    }
  }

  /**
   * Changes limits; what fails half way is set back.
   *
   * @return the config with the limits that hold now, which is written down
   */
  RuntimeConfig update(RuntimeConfig config, Resources resources) {
    if (sandbox().host().config().ignoresCgroups()) {
      throw new ContainerException.Unsupported(
          "The limits of container "
              + commands.id()
              + " cannot be changed: its runtime is declared to ignore control groups");
    }
    String file = "resources." + commands.number();
    Linux linux = config.linux().orElse(Linux.empty());
    Resources before = linux.resources().orElse(Resources.empty());
    try {
      set(file, resources);
    } catch (ContainerException e) {
      setBack(before, file, e);
      throw e;
    } finally {
      sandbox().files().remove(file);
    }
    tellSystemd(config, resources);
    RuntimeConfig updated = config.withLinux(linux.withResources(Limits.merge(before, resources)));
    sandbox().files().writeConfig(commands.number(), updated);
    return updated;
  }

  private void set(String file, Resources resources) {
    sandbox().files().write(file, RuntimeConfigJson.write(resources));
    var _ =
        commands.run(
            "update",
            commands.limit(),
            "update",
            "--resources",
            sandbox().path(file),
            commands.id());
  }

  private void setBack(Resources before, String file, ContainerException cause) {
    try {
      set(file, before);
    } catch (ContainerException again) {
      cause.addSuppressed(again);
    }
  }

  /** crun does not, or not of all: systemd would undo those limits when it is reloaded. */
  void tellSystemd(RuntimeConfig config, Resources resources) {
    SystemdScope.systemd(sandbox().host().linux())
        .ifPresent(systemd ->
            SystemdScope.tell(
                systemd, config.linux().orElse(Linux.empty()).cgroupsPath(), resources));
  }

  /** What it uses. */
  ContainerStats stats() {
    if (cgroup.exists() && !sandbox().host().config().ignoresCgroups()) {
      return asked("read the usage of", () -> Limits.stats(cgroup.stats()));
    }
    return EventStats.parse(
        commands.run("read the usage of", commands.limit(), "events", "--stats", commands.id()));
  }

  /** How often the kernel killed one of its processes for memory. */
  long oomKills() {
    return cgroup.exists() ? asked("read the memory events of", cgroup::oomKills) : 0;
  }
}

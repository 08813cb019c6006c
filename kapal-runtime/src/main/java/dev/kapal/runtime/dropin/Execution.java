package dev.kapal.runtime.dropin;

import dev.kapal.oci.runtime.Linux;
import dev.kapal.oci.runtime.Namespace;
import dev.kapal.oci.runtime.RuntimeConfig;
import dev.kapal.runtime.monitor.CgroupPaths;
import dev.kapal.runtime.plan.ExecInputs;
import dev.kapal.runtime.plan.SeccompProgram;
import java.util.Optional;

/** What the plan of a further process in a container depends on. */
final class Execution {
  private Execution() {}

  static ExecInputs inputs(
      DropInHost host,
      RuntimeConfig config,
      ContainerRecord record,
      int pid,
      ExecGroups groups,
      int stdio,
      int preserved,
      Optional<SeccompProgram> seccomp) {
    long namespaces = 0;
    for (Namespace ns : config.linux().orElse(Linux.empty()).namespaces()) {
      namespaces |= ns.type().cloneFlag();
    }
    boolean into = CgroupPaths.cloneInto(host.facts().features(), groups.cgroup());
    return new ExecInputs(
        pid,
        namespaces,
        groups.directories(into),
        into,
        stdio,
        preserved,
        true,
        record.id(),
        seccomp);
  }
}

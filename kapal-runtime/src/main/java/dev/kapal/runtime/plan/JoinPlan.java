package dev.kapal.runtime.plan;

import static dev.kapal.runtime.plan.Kernel.*;

import dev.kapal.oci.runtime.Hook;
import dev.kapal.oci.runtime.NamespaceType;
import dev.kapal.oci.runtime.Process;
import dev.kapal.oci.runtime.RuntimeConfig;
import dev.kapal.runtime.RootFilesystem;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Plans of processes that join a container: further ones, and hooks in its namespaces. */
final class JoinPlan {
  /** What joins it. */
  private enum Kind {
    EXEC,
    /** A hook that is one of the container's processes. */
    INNER_HOOK,
    /** A hook in its namespaces that has the host's root. */
    OUTER_HOOK
  }

  private JoinPlan() {}

  static LaunchPlan exec(
      RuntimeConfig config, Process process, HostFacts facts, ExecInputs inputs) {
    return join(config, process, facts, inputs, Kind.EXEC);
  }

  static LaunchPlan hook(
      RuntimeConfig config, Hook hook, boolean restricted, HostFacts facts, ExecInputs inputs) {
    List<String> args = hook.args().isEmpty() ? List.of(hook.path()) : hook.args();
    Process base = config.process().orElse(Process.empty());
    // An ordinary user has none but in the container's user namespace, and all of them there.
    List<String> all =
        facts.identity().uid() == 0
            ? dev.kapal.linux.Capabilities.names(facts.capabilities())
            : dev.kapal.linux.Capabilities.names();
    Process process =
        Process.empty()
            .withArgs(args)
            .withEnv(restricted && hook.env().isEmpty() ? base.env() : hook.env())
            .withCwd(restricted ? base.cwd() : ".")
            .withUser(restricted ? base.user() : Process.User.ROOT)
            .withNoNewPrivileges(restricted && base.noNewPrivileges())
            .withCapabilities(
                restricted
                    ? base.capabilities().orElseGet(() -> Process.Capabilities.of(List.of()))
                    : Process.Capabilities.of(all));
    Kind kind = restricted ? Kind.INNER_HOOK : Kind.OUTER_HOOK;
    return program(join(config, process, facts, inputs, kind), hook.path());
  }

  /** What a hook executes need not be what its first argument says. */
  static LaunchPlan program(LaunchPlan plan, String path) {
    Step last = plan.init().getLast();
    Step exec =
        new Step(
            Op.EXEC,
            "",
            0,
            List.of(new Arg.Strings(List.of(path)), last.args().get(1), last.args().get(2)),
            Optional.empty(),
            0,
            List.of(),
            "execute the hook " + path);
    List<Step> init = new ArrayList<>(plan.init());
    init.set(init.size() - 1, exec);
    return new LaunchPlan(
        plan.machine(),
        plan.stage(),
        init,
        plan.descriptors(),
        plan.slots(),
        plan.cloneFlags(),
        plan.stdio(),
        plan.cgroupSlot(),
        plan.warnings());
  }

  private static LaunchPlan join(
      RuntimeConfig config, Process process, HostFacts facts, ExecInputs inputs, Kind kind) {
    boolean hook = kind != Kind.EXEC;
    LaunchInputs launch =
        new LaunchInputs(
            inputs.keyring(),
            new RootFilesystem.Directory(Path.of("/")),
            "/",
            Map.of(),
            inputs.cgroups(),
            inputs.cloneIntoCgroup(),
            inputs.stdio(),
            inputs.preserveFds(),
            false,
            inputs.newKeyring(),
            inputs.seccomp());
    Compilation c = new Compilation(config, facts, launch);
    Optional<Integer> cgroupSlot =
        inputs.cloneIntoCgroup()
            ? Optional.of(c.descriptor(new DescriptorSpec.CgroupDirectory(), "cgroup").number())
            : Optional.empty();
    ProcessPlan run =
        new ProcessPlan(
            c,
            process,
            inputs.seccomp(),
            hook ? ProcessPlan.Barrier.NONE : ProcessPlan.Barrier.FOUND);
    Section stage = c.stage;
    AttributePlan.allCpus(stage);
    process.execCpuAffinity().ifPresent(a -> AttributePlan.affinity(stage, a.initial()));
    NamespacePlan.enterCgroups(stage, inputs.cgroups(), c);
    process.execCpuAffinity().ifPresent(a -> AttributePlan.affinity(stage, a.last()));
    NamespacePlan.oomScore(stage, process, c);
    run.ownStreams(stage, c.userNamespace ? c.linux.uidMappings() : List.of());
    if (c.userNamespace) {
      run.limits(stage);
    }
    boolean pts = DevicePlan.hasPts(c);
    if (process.terminal() && !pts) {
      new TerminalPlan(c).open(stage, process, false);
    }
    if (kind == Kind.OUTER_HOOK) {
      HostRoot.open(c, inputs.targetPid());
    }
    setns(c, inputs);
    if (c.linux.intelRdt().isPresent() && !hook) {
      c.init.to("join the container's class of service");
      c.init.op(Op.SYNC, Arg.of(LaunchPlan.SYNC_HOOKS));
    }
    if (c.userNamespace) {
      c.init.to("become root in the user namespace");
      c.init.call("setgroups", Arg.of(0), Arg.of(0)).allow(Errors.EPERM);
      c.init.call("setresgid", Arg.of(0), Arg.of(0), Arg.of(0)).allow(Errors.EINVAL);
      c.init.call("setresuid", Arg.of(0), Arg.of(0), Arg.of(0)).allow(Errors.EINVAL);
    }
    if (inputs.newKeyring() && !hook) {
      ProcessPlan.keyring(c.init, inputs.keyring());
    }
    if (!c.userNamespace) {
      // Not before: a policy may be one that children do not get (SCHED_FLAG_RESET_ON_FORK).
      run.limits(c.init);
    }
    if (kind == Kind.OUTER_HOOK) {
      HostRoot.enter(c);
    }
    boolean labels = !process.apparmorProfile().isEmpty() || !process.selinuxLabel().isEmpty();
    if (process.terminal() || labels) {
      c.init.to("open the container's root");
      c.openHost(c.init, "/", O_PATH | c.directory(), c.slot("root"));
    }
    if (process.terminal()) {
      TerminalPlan terminal = new TerminalPlan(c);
      if (pts) {
        terminal.open(c.init, process, true);
      }
      terminal.control(c.init);
    }
    run.openLabels(c.init, true);
    if (process.terminal() || labels) {
      c.init.op(Op.FORGET, c.slot("root"));
    }
    if (!hook) {
      AttributePlan.personality(c);
      MemoryPolicyPlan.apply(c);
    }
    run.run(c.userNamespace);
    return c.plan(0, cgroupSlot);
  }

  /** All at once by pidfd (Linux 5.8), else one by one with the user namespace last. */
  private static void setns(Compilation c, ExecInputs inputs) {
    Section s = c.stage;
    s.to("join the namespaces of process " + inputs.targetPid());
    Arg.Slot ns = c.slot("namespace");
    if (c.facts.features().pidfdOpen() && c.facts.features().faccessat2()) {
      s.call("pidfd_open", Arg.of(inputs.targetPid()), Arg.of(0)).out(ns);
      s.call("setns", ns, Arg.of(inputs.namespaces()));
      s.op(Op.FORGET, ns);
      return;
    }
    List<NamespaceType> order =
        List.of(
            NamespaceType.IPC,
            NamespaceType.UTS,
            NamespaceType.NETWORK,
            NamespaceType.PID,
            NamespaceType.CGROUP,
            NamespaceType.TIME,
            NamespaceType.MOUNT,
            NamespaceType.USER);
    List<NamespaceType> joined =
        NamespacePlan.order(order, c).stream()
            .filter(t -> (inputs.namespaces() & t.cloneFlag()) != 0)
            .toList();
    for (NamespaceType type : joined) {
      c.openHost(
          s,
          "/proc/" + inputs.targetPid() + "/ns/" + type.procName(),
          0,
          c.slot("namespace " + type.procName()));
    }
    for (NamespaceType type : joined) {
      Arg.Slot slot = c.slot("namespace " + type.procName());
      s.call("setns", slot, Arg.of(type.cloneFlag()));
      s.op(Op.FORGET, slot);
    }
  }
}

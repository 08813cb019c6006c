package dev.kapal.runtime.plan;

import static dev.kapal.runtime.plan.Kernel.*;

import dev.kapal.oci.runtime.Hook;
import dev.kapal.oci.runtime.Hooks;
import dev.kapal.oci.runtime.NamespaceType;
import dev.kapal.oci.runtime.Process;
import dev.kapal.oci.runtime.RuntimeConfig;
import dev.kapal.runtime.ContainerException;
import dev.kapal.runtime.RootFilesystem;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Compiles launch plans. Pure functions: equal inputs give equal plans, and nothing of the system
 * is touched.
 */
public final class PlanCompiler {
  private PlanCompiler() {}

  /** The mount options that a plan can be compiled of, beside those of file systems. */
  public static List<String> mountOptions() {
    return MountOptions.names();
  }

  /**
   * The plan of a container's first process.
   *
   * @throws ContainerException.Invalid if the config asks for something that is never right
   * @throws ContainerException.Unsupported if the host cannot do what it asks for
   */
  public static LaunchPlan container(RuntimeConfig config, HostFacts facts, LaunchInputs inputs) {
    return container(config, facts, inputs, ProcessPlan.Barrier.WATCHER);
  }

  /**
   * As the other one, for a process that outlives whoever launches it: it waits for its start at a
   * socket, and its program is looked for before that.
   *
   * @throws ContainerException.Invalid if the config asks for something that is never right
   * @throws ContainerException.Unsupported if the host cannot do what it asks for
   */
  public static LaunchPlan detached(RuntimeConfig config, HostFacts facts, LaunchInputs inputs) {
    return container(config, facts, inputs, ProcessPlan.Barrier.SOCKET);
  }

  private static LaunchPlan container(
      RuntimeConfig config, HostFacts facts, LaunchInputs inputs, ProcessPlan.Barrier barrier) {
    Process process =
        config
            .process()
            .orElseThrow(() -> new ContainerException.Invalid("The config has no process to run"));
    Compilation c = new Compilation(config, facts, inputs);
    refuseUnsupported(c);
    MountPlan mounts = new MountPlan(c);
    mounts.descriptors();
    MappedOverlay.descriptor(c);
    Optional<Integer> cgroupSlot =
        inputs.cloneIntoCgroup()
            ? Optional.of(c.descriptor(new DescriptorSpec.CgroupDirectory(), "cgroup").number())
            : Optional.empty();
    if (barrier == ProcessPlan.Barrier.SOCKET) {
      c.descriptor(new DescriptorSpec.StartListener(), ProcessPlan.LISTENER);
    }
    NamespacePlan namespaces = new NamespacePlan(c);
    DevicePlan devices = new DevicePlan(c);
    PathPlan paths = new PathPlan(c);
    RootPlan root = new RootPlan(c);
    ProcessPlan run = new ProcessPlan(c, process, inputs.seccomp(), barrier);

    namespaces.enterCgroups(inputs.cgroups());
    namespaces.oomScore(process);
    run.ownStreams(c.host(), c.userNamespace ? c.linux.uidMappings() : List.of());
    root.acquire();
    mounts.acquire();
    root.isolate();
    root.mountRoot();
    devices.acquire();
    if (c.userNamespace) {
      ProcessPlan.allCpus(c.stage);
      run.limits(c.stage);
    }
    namespaces.join();

    namespaces.becomeMappedRoot();
    if (inputs.newKeyring()) {
      ProcessPlan.keyring(c.init, inputs.id());
    }
    namespaces.settle();
    root.attachRoot();
    mounts.attach();
    devices.make();
    if (process.terminal()) {
      TerminalPlan terminal = new TerminalPlan(c);
      terminal.open(c.init, process, DevicePlan.hasPts(c));
      terminal.console(c.init);
    }
    if (hooksWait(config.hooks())) {
      c.init.to("run hooks");
      c.init.op(Op.SYNC, Arg.of(LaunchPlan.SYNC_HOOKS));
    }
    new SysctlPlan(c).write();
    paths.readOnly();
    paths.mask();
    run.openLabels(c.init, false);
    c.init.to("make the working directory " + process.cwd());
    c.openIn(
            c.init,
            c.slot("root"),
            process.cwd(),
            O_PATH | c.directory(),
            HOW_DIRECTORY,
            c.slot("target"))
        .allow(Step.Allowed.ANY);
    root.readOnly();
    root.pivot();
    forgetAll(c);
    if (process.terminal()) {
      new TerminalPlan(c).control(c.init);
    }
    personality(c);
    if (!c.userNamespace) {
      ProcessPlan.allCpus(c.init);
      run.limits(c.init);
    }
    run.run(c.userNamespace);
    return c.plan(namespaces.cloneFlags(), cgroupSlot);
  }

  /**
   * The plan of a further process in a container.
   *
   * @throws ContainerException.Unsupported if the host cannot do what it asks for
   */
  public static LaunchPlan exec(
      RuntimeConfig config, Process process, HostFacts facts, ExecInputs inputs) {
    return join(config, process, facts, inputs, false);
  }

  /**
   * The plan of a hook that runs in the container's namespaces (createContainer, startContainer).
   * Its environment is the config's and nothing else (CVE-2025-23266).
   *
   * @param restricted whether it runs as the container's user with its capabilities
   */
  public static LaunchPlan hook(
      RuntimeConfig config, Hook hook, boolean restricted, HostFacts facts, ExecInputs inputs) {
    List<String> args = hook.args().isEmpty() ? List.of(hook.path()) : hook.args();
    Process base = config.process().orElse(Process.empty());
    List<String> all = dev.kapal.linux.Capabilities.names(facts.capabilities());
    Process process =
        Process.empty()
            .withArgs(args)
            .withEnv(restricted && hook.env().isEmpty() ? base.env() : hook.env())
            .withCwd("/")
            .withUser(restricted ? base.user() : Process.User.ROOT)
            .withNoNewPrivileges(restricted && base.noNewPrivileges())
            .withCapabilities(
                restricted
                    ? base.capabilities().orElseGet(() -> Process.Capabilities.of(List.of()))
                    : Process.Capabilities.of(all));
    return program(join(config, process, facts, inputs, true), hook.path());
  }

  /**
   * The plan of a hook that runs outside of the container (prestart, createRuntime, poststart,
   * poststop).
   */
  public static LaunchPlan hook(Hook hook, HostFacts facts) {
    List<String> args = hook.args().isEmpty() ? List.of(hook.path()) : hook.args();
    LauncherPlan plan = new LauncherPlan(args, hook.env(), Optional.empty(), 0, 0);
    return program(plan.compile(facts), hook.path());
  }

  /** What a hook executes need not be what its first argument says. */
  private static LaunchPlan program(LaunchPlan plan, String path) {
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
    List<Step> init = new java.util.ArrayList<>(plan.init());
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
      RuntimeConfig config, Process process, HostFacts facts, ExecInputs inputs, boolean hook) {
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
    ProcessPlan.allCpus(stage);
    process.execCpuAffinity().ifPresent(a -> ProcessPlan.affinity(stage, a.initial()));
    NamespacePlan.enterCgroups(stage, inputs.cgroups(), c);
    process.execCpuAffinity().ifPresent(a -> ProcessPlan.affinity(stage, a.last()));
    NamespacePlan.oomScore(stage, process, c);
    run.ownStreams(stage, c.userNamespace ? c.linux.uidMappings() : List.of());
    run.limits(stage);
    boolean pts = DevicePlan.hasPts(c);
    if (process.terminal() && !pts) {
      new TerminalPlan(c).open(stage, process, false);
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
      personality(c);
    }
    run.run(c.userNamespace);
    return c.plan(0, cgroupSlot);
  }

  private static void personality(Compilation c) {
    c.linux
        .personality()
        .ifPresent(p -> {
          c.init.to("set the execution domain " + p.domain());
          c.init.call("personality", Arg.of(p.domain().equals("LINUX32") ? 8 : 0));
        });
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
        order.stream().filter(t -> (inputs.namespaces() & t.cloneFlag()) != 0).toList();
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

  /**
   * What only served to build the root is not left for a working directory to be reached through
   * (CVE-2024-21626).
   */
  private static void forgetAll(Compilation c) {
    c.init.to("close the descriptors of the set-up");
    for (Arg.Slot slot : c.slots.all()) {
      String name = slot.name();
      if (!name.startsWith("passed ")
          && !name.equals("terminal")
          && !name.equals(ProcessPlan.LISTENER)
          && !name.equals("apparmor")
          && !name.equals("selinux")) {
        c.init.op(Op.FORGET, slot).allow(Errors.EBADF);
      }
    }
  }

  private static boolean hooksWait(Hooks hooks) {
    return !hooks.prestart().isEmpty()
        || !hooks.createRuntime().isEmpty()
        || !hooks.createContainer().isEmpty();
  }

  private static void refuseUnsupported(Compilation c) {
    if (c.linux.memoryPolicy().isPresent()) {
      throw Compilation.unsupported(
          "NUMA memory policies (linux.memoryPolicy) are not supported yet");
    }
    if (c.linux.namespace(NamespaceType.MOUNT).isEmpty()) {
      throw new ContainerException.Invalid(
          "A container needs a mount namespace: add one to linux.namespaces");
    }
  }
}

package dev.kapal.runtime.plan;

import static dev.kapal.runtime.plan.Kernel.*;

import dev.kapal.oci.runtime.Hook;
import dev.kapal.oci.runtime.Hooks;
import dev.kapal.oci.runtime.IdMapping;
import dev.kapal.oci.runtime.NamespaceType;
import dev.kapal.oci.runtime.Process;
import dev.kapal.oci.runtime.RuntimeConfig;
import dev.kapal.runtime.ContainerException;
import java.util.List;
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

  /** Whether a map is of one id alone, the user's own: he needs nobody's help to write it. */
  public static boolean own(List<IdMapping> maps, long id) {
    return RootlessPlan.alone(maps, id);
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
   * socket, and its program is looked for before that. Flags of binds that the config does not name
   * are cleared, as callers of runc know it.
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
    MountPlan mounts =
        new MountPlan(
            c,
            barrier == ProcessPlan.Barrier.SOCKET
                ? BindFlags.Policy.CLEARED
                : BindFlags.Policy.KEPT);
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

    if (!c.outside) {
      namespaces.becomeMappedRoot();
    }
    namespaces.enterCgroups(inputs.cgroups());
    namespaces.oomScore(process);
    run.ownStreams(c.host(), c.outside ? c.linux.uidMappings() : List.of());
    root.acquire();
    mounts.acquire();
    root.isolate();
    root.mountRoot();
    devices.acquire();
    if (c.outside) {
      AttributePlan.allCpus(c.stage);
      run.limits(c.stage);
    }
    namespaces.join();

    if (c.outside) {
      namespaces.becomeMappedRoot();
    }
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
      // What createContainer hooks begin in.
      c.init.call("fchdir", c.slot("root"));
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
    mounts.readOnly();
    root.readOnly();
    root.pivot();
    forgetAll(c);
    if (process.terminal()) {
      new TerminalPlan(c).control(c.init);
    }
    AttributePlan.personality(c);
    MemoryPolicyPlan.apply(c);
    if (!c.outside) {
      AttributePlan.allCpus(c.init);
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
    return JoinPlan.exec(config, process, facts, inputs);
  }

  /**
   * The plan of a hook that runs in the container's namespaces. Its environment is the config's and
   * nothing else (CVE-2025-23266).
   *
   * @param restricted whether it is one of the container's processes, with its root, user and
   *     capabilities (startContainer); else it has the host's root, and the container's is its
   *     working directory (createContainer)
   */
  public static LaunchPlan hook(
      RuntimeConfig config, Hook hook, boolean restricted, HostFacts facts, ExecInputs inputs) {
    return JoinPlan.hook(config, hook, restricted, facts, inputs);
  }

  /**
   * The plan of a hook that runs outside of the container (prestart, createRuntime, poststart,
   * poststop).
   */
  public static LaunchPlan hook(Hook hook, HostFacts facts) {
    List<String> args = hook.args().isEmpty() ? List.of(hook.path()) : hook.args();
    LauncherPlan plan = new LauncherPlan(args, hook.env(), Optional.empty(), 0, 0);
    return JoinPlan.program(plan.compile(facts), hook.path());
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
    if (c.linux.namespace(NamespaceType.MOUNT).isEmpty()) {
      throw new ContainerException.Invalid(
          "A container needs a mount namespace: add one to linux.namespaces");
    }
    RootlessPlan.check(c);
  }
}

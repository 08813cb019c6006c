package dev.kapal.runtime.monitor;

import static dev.kapal.linux.Fcntl.*;

import dev.kapal.linux.Cgroup;
import dev.kapal.linux.CgroupException;
import dev.kapal.linux.Errno;
import dev.kapal.linux.ErrnoException;
import dev.kapal.linux.FaultPoint;
import dev.kapal.linux.Fd;
import dev.kapal.oci.runtime.Linux;
import dev.kapal.oci.runtime.Mount;
import dev.kapal.oci.runtime.Process;
import dev.kapal.oci.runtime.RuntimeConfig;
import dev.kapal.oci.runtime.RuntimeConfigException;
import dev.kapal.oci.runtime.RuntimeConfigValidator;
import dev.kapal.runtime.Container;
import dev.kapal.runtime.ContainerException;
import dev.kapal.runtime.ContainerSpec;
import dev.kapal.runtime.Input;
import dev.kapal.runtime.plan.LaunchInputs;
import dev.kapal.runtime.plan.LaunchInputs.SourceKind;
import dev.kapal.runtime.plan.LaunchPlan;
import dev.kapal.runtime.plan.NetDeviceFacts;
import dev.kapal.runtime.plan.PlanCompiler;
import dev.kapal.runtime.plan.PlanTooLargeException;
import dev.kapal.runtime.plan.SeccompProgram;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/** Makes one container, up to the point where it waits for its start; or leaves nothing behind. */
final class Creation {
  private static final System.Logger LOG = System.getLogger(Creation.class.getName());

  private final NativeSandbox sandbox;
  private final Host host;
  private final ContainerSpec spec;
  private final RuntimeConfig config;
  private final Process process;
  private final Linux linux;

  Creation(NativeSandbox sandbox, ContainerSpec spec) {
    this.sandbox = sandbox;
    this.host = sandbox.host();
    this.spec = spec;
    this.config = spec.config();
    try {
      RuntimeConfigValidator.check(config);
    } catch (RuntimeConfigException e) {
      throw new ContainerException.Invalid(
          e.getMessage() == null ? "invalid config" : e.getMessage(), e);
    }
    this.process =
        config
            .process()
            .orElseThrow(() -> new ContainerException.Invalid("The config has no process to run"));
    this.linux = config.linux().orElse(Linux.empty());
    if (linux.intelRdt().isPresent()) {
      throw new ContainerException.Unsupported(
          "Intel RDT (linux.intelRdt) is not supported by the native runtime; kapal-oci, runc and crun"
              + " do that");
    }
  }

  Container run() {
    if (sandbox.container(spec.id()).isPresent()) {
      throw new ContainerException.WrongState(
          "The sandbox " + sandbox.id() + " has a container " + spec.id() + " already");
    }
    Map<String, SourceKind> sources = sources();
    Optional<SeccompProgram> seccomp =
        linux.seccomp().map(s -> host.seccomp().program(s, host.facts().arch()));
    String path = CgroupPaths.of(linux.cgroupsPath(), host.cgroupParent(), spec.id());
    Optional<SystemdScope> scope = scope();
    try {
      return inCgroup(sources, seccomp, makeCgroup(path));
    } finally {
      scope.ifPresent(SystemdScope::close);
    }
  }

  /** Where systemd runs the host, it makes the groups of those that are given by its names. */
  private Optional<SystemdScope> scope() {
    return SystemdScope.unit(linux.cgroupsPath()).isEmpty()
        ? Optional.empty()
        : host.systemd()
            .get()
            .map(systemd ->
                SystemdScope.start(
                    host.linux(), systemd, host.program(), linux.cgroupsPath(), linux.resources()));
  }

  private Container inCgroup(
      Map<String, SourceKind> sources, Optional<SeccompProgram> seccomp, Cgroup cgroup) {
    FaultPoint.reach("container.cgroup");
    NativeContainer container = null;
    try {
      boolean intoCgroup = CgroupPaths.cloneInto(host, cgroup);
      LaunchInputs inputs =
          new LaunchInputs(
              spec.id(),
              spec.root(),
              spec.bundle().toString(),
              sources,
              CgroupPaths.directories(cgroup, intoCgroup),
              intoCgroup,
              stdio(process, spec.input()),
              spec.preserveFds().size(),
              spec.noPivot(),
              spec.newKeyring(),
              seccomp,
              NetDeviceFacts.of(linux));
      LaunchPlan plan = compile(inputs);
      container =
          new NativeContainer(
              sandbox, spec.id(), sandbox.nextNumber(), config, spec.bundle().toString(), cgroup);
      sandbox.files().writeConfig(container.number(), config);
      FaultPoint.reach("container.config");
      sandbox.add(container);
      FaultPoint.reach("container.known");
      new Launch(sandbox, container, plan, spec.log(), spec.input(), Optional.of(cgroup))
          .start(spec.preserveFds(), false);
      FaultPoint.reach("container.launched");
      container.created(plan);
      FaultPoint.reach("container.waiting");
      return container;
    } catch (RuntimeException e) {
      undo(container, cgroup, e);
      throw e;
    }
  }

  private LaunchPlan compile(LaunchInputs inputs) {
    try {
      return PlanCompiler.container(config, host.facts(), inputs);
    } catch (PlanTooLargeException e) {
      throw new ContainerException.Invalid(String.valueOf(e.getMessage()), e);
    }
  }

  private void undo(
      @org.jspecify.annotations.Nullable NativeContainer container,
      Cgroup cgroup,
      RuntimeException cause) {
    try {
      if (container != null) {
        container.abandon();
      } else {
        cgroup.delete(NativeSandbox.KILL);
      }
    } catch (RuntimeException e) {
      cause.addSuppressed(e);
    }
  }

  private Cgroup makeCgroup(String path) {
    try {
      Cgroup cgroup = host.cgroups().create(path);
      try {
        // What the host cannot limit is not limited, as with other engines; somebody should know.
        cgroup
            .set(linux.resources().map(Limits::of).orElse(dev.kapal.linux.CgroupResources.NONE))
            .forEach(warning ->
                LOG.log(System.Logger.Level.WARNING, "container " + spec.id() + ": " + warning));
        return cgroup;
      } catch (RuntimeException e) {
        cgroup.delete(NativeSandbox.KILL);
        throw e;
      }
    } catch (CgroupException e) {
      throw new ContainerException.Failed(
          "The container " + spec.id() + " cannot get its limits: " + e.getMessage(), e);
    }
  }

  static int stdio(Process process, Input input) {
    return process.terminal() ? 8 : (input == Input.NONE ? 0 : 1) | 2 | 4;
  }

  private Map<String, SourceKind> sources() {
    Map<String, SourceKind> kinds = new HashMap<>();
    for (Mount mount : config.mounts()) {
      if (mount.type().equals("bind")
          || mount.options().contains("bind")
          || mount.options().contains("rbind")) {
        String source =
            Path.of(spec.bundle().toString()).resolve(mount.source()).normalize().toString();
        kinds.put(source, kind(source));
      }
    }
    return kinds;
  }

  private SourceKind kind(String path) {
    try (Fd fd = host.linux().descriptors().open(path, O_PATH)) {
      return host.linux().descriptors().fstat(fd).isDirectory()
          ? SourceKind.DIRECTORY
          : SourceKind.OTHER;
    } catch (ErrnoException e) {
      if (e.is(Errno.ENOENT)) {
        return SourceKind.MISSING;
      }
      throw new ContainerException.Failed(
          "The mount source " + path + " cannot be looked at: " + e.errno().message(), e);
    }
  }
}

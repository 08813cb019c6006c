package dev.kapal.runtime.dropin;

import static dev.kapal.linux.Fcntl.*;

import dev.kapal.linux.Cgroup;
import dev.kapal.linux.Fd;
import dev.kapal.linux.Linux;
import dev.kapal.linux.SocketType;
import dev.kapal.oci.runtime.Hooks;
import dev.kapal.oci.runtime.RuntimeConfig;
import dev.kapal.oci.runtime.RuntimeConfigJson;
import dev.kapal.runtime.RootFilesystem;
import dev.kapal.runtime.monitor.CgroupPaths;
import dev.kapal.runtime.monitor.SandboxFiles;
import dev.kapal.runtime.monitor.SystemdScope;
import dev.kapal.runtime.plan.LaunchInputs;
import dev.kapal.runtime.plan.LaunchPlan;
import dev.kapal.runtime.plan.NetDeviceFacts;
import dev.kapal.runtime.plan.Op;
import dev.kapal.runtime.plan.PlanCompiler;
import dev.kapal.runtime.plan.SeccompProgram;
import dev.kapal.runtime.plan.Step;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Makes a container, up to the point where its process waits for the start; or leaves nothing
 * behind. What is made is written down before it is made, so that {@code delete} finds all of it
 * after this was killed at any instant.
 */
final class Creation {
  static final Duration KILL = Duration.ofSeconds(10);
  private static final int STATE_SIZE = 4096;

  /**
   * What the command line says.
   *
   * @param detached whether the process outlives the command
   */
  record Options(
      String id,
      boolean detached,
      Optional<String> consoleSocket,
      Optional<String> pidFile,
      Optional<String> pidfdSocket,
      boolean noPivot,
      boolean noNewKeyring,
      int listenFds,
      int preserveFds) {}

  /**
   * A container that waits.
   *
   * @param launch the thin program's number for its process
   */
  record Made(ContainerRecord record, RuntimeConfig config, int launch) {}

  private final Session session;
  private final DropInHost host;
  private final Linux linux;
  private final Options options;
  private final Bundle bundle;
  private final RuntimeConfig config;
  private final dev.kapal.oci.runtime.Linux section;
  private final Terminal terminal;
  private Optional<ResourceControl> resources = Optional.empty();
  private Optional<Integer> launch = Optional.empty();
  private boolean ended;

  Creation(Session session, Bundle bundle, Options options) {
    this.session = session;
    this.host = session.host();
    this.linux = host.linux();
    this.options = options;
    this.bundle = bundle;
    this.config = bundle.config();
    this.section = config.linux().orElse(dev.kapal.oci.runtime.Linux.empty());
    this.terminal =
        Terminal.of(
            session, bundle.process().terminal(), options.detached(), options.consoleSocket());
  }

  Made run() {
    Optional<SeccompProgram> seccomp =
        section.seccomp().map(s -> host.seccomp().program(s, host.facts().arch()));
    Placement placement = Placement.of(session, section, options.id());
    String path = placement.path();
    ContainerRecord record =
        new ContainerRecord(
            options.id(),
            bundle.path().toString(),
            bundle.rootfs().toString(),
            Instant.now().toString(),
            0,
            0,
            session.command().pid(),
            linux.processes().startTime(session.command().pid()).orElse(0L),
            path,
            config.annotations());
    try (SandboxFiles files = session.store().claim(options.id())) {
      placement.check(files);
      Cgroup cgroup = host.cgroups().open(path);
      Optional<SystemdScope> scope = Optional.empty();
      try {
        resources = ResourceControl.checked(session, section.intelRdt(), options.id());
        files.write(Kept.CONFIG, RuntimeConfigJson.write(config));
        files.write(Store.STATE, Json.bytes(record));
        scope = placement.scope();
        Cgroup group = placement.make();
        if (!group.exists()) {
          record = record.withoutCgroup();
          files.write(Store.STATE, Json.bytes(record));
        }
        cgroup = group;
        LaunchPlan plan = compile(cgroup, seccomp);
        ContainerRecord made = start(plan, files, cgroup, record);
        return new Made(made, config, launch.orElseThrow());
      } catch (RuntimeException e) {
        undo(files, cgroup, e);
        throw e;
      } finally {
        scope.ifPresent(SystemdScope::close);
      }
    }
  }

  private LaunchPlan compile(Cgroup cgroup, Optional<SeccompProgram> seccomp) {
    boolean into = CgroupPaths.cloneInto(host.facts().features(), cgroup);
    LaunchInputs inputs =
        new LaunchInputs(
            options.id(),
            new RootFilesystem.Directory(bundle.rootfs()),
            bundle.path().toString(),
            bundle.sources(linux),
            CgroupPaths.directories(cgroup, into),
            into,
            terminal.stdio(),
            options.listenFds() + options.preserveFds(),
            options.noPivot(),
            !options.noNewKeyring(),
            seccomp,
            netDevices());
    LaunchPlan plan =
        PlanCompiler.detached(
            config.withProcess(
                Environment.complete(bundle.process(), Environment.users(linux, config, bundle))),
            host.facts(),
            inputs);
    plan.warnings().forEach(session.console()::warn);
    return plan;
  }

  /** Numbers of devices mean something in the caller's network namespace, where the plan runs. */
  private Map<String, NetDeviceFacts> netDevices() {
    if (section.netDevices().isEmpty()) {
      return Map.of();
    }
    Path caller = Path.of("/proc/" + session.command().pid() + "/ns/net");
    try {
      if (!Files.readSymbolicLink(caller)
          .equals(Files.readSymbolicLink(Path.of("/proc/self/ns/net")))) {
        throw new CommandFailed(
            "linux.netDevices: the daemon is in another network namespace; set KAPAL_OCI_SOCKET to"
                + " /dev/null to go on without it");
      }
    } catch (IOException e) {
      throw new CommandFailed("the caller's network namespace is not known: " + e.getMessage());
    }
    return NetDeviceFacts.of(section);
  }

  private ContainerRecord start(
      LaunchPlan plan, SandboxFiles files, Cgroup cgroup, ContainerRecord record) {
    files.write(Kept.PLAN, purposes(plan));
    try (Fd listener =
            linux.sockets().listen(files.directory(), Kept.SOCKET, SocketType.SEQPACKET, 0600);
        Fd state =
            linux
                .descriptors()
                .openat(files.directory(), Kept.LAUNCH, O_RDWR | O_CREAT | O_TRUNC, 0600)) {
      linux.descriptors().ftruncate(state, STATE_SIZE);
      Launcher.Supplies supplies =
          new Launcher.Supplies(
              Optional.of(cgroup), Optional.of(listener), Optional.of(state), List.of());
      int flags = (options.detached() ? Front.STAYS : 0) | terminal.flags();
      launch = Optional.of(session.launcher().start(plan, flags, terminal.streams(), supplies));
    }
    ContainerRecord made = follow(plan, files, cgroup, record);
    session.front().release(launch.orElseThrow());
    return made;
  }

  private ContainerRecord follow(
      LaunchPlan plan, SandboxFiles files, Cgroup cgroup, ContainerRecord record) {
    int number = launch.orElseThrow();
    for (; ; ) {
      switch (session.front().next(number)) {
        case Front.Event.Sync(int pid, int sync) -> {
          if (sync == LaunchPlan.SYNC_CREATED) {
            resources.ifPresent(r -> r.enter(pid));
            return created(files, record, pid);
          }
          if (sync == LaunchPlan.SYNC_MAPS) {
            IdMapFiles.write(session, pid, section);
          } else if (sync == LaunchPlan.SYNC_HOOKS) {
            hooks(record, pid, cgroup);
          }
          session.front().release(number);
        }
        case Front.Event.Sent(int _, Optional<Fd> descriptor) -> terminal.take(descriptor);
        case Front.Event.Failed(var failure) -> {
          ended =
              failure.part() == LaunchPlan.PART_CHECK || failure.part() == LaunchPlan.PART_CLONE;
          throw ProgramErrors.explain("container " + options.id(), plan, failure);
        }
        case Front.Event.Running _, Front.Event.Exited _ -> {
          ended = true;
          throw new CommandFailed("the container " + options.id() + " ended before it was started");
        }
      }
    }
  }

  private void hooks(ContainerRecord record, int pid, Cgroup cgroup) {
    Hooks hooks = config.hooks();
    HookCalls calls = new HookCalls(session, record, config);
    calls.outside("prestart", hooks.prestart(), "creating", pid);
    calls.outside("createRuntime", hooks.createRuntime(), "creating", pid);
    calls.inside("createContainer", hooks.createContainer(), false, "creating", pid, cgroup);
  }

  private ContainerRecord created(SandboxFiles files, ContainerRecord record, int pid) {
    ContainerRecord made = record.withProcess(pid, linux.processes().startTime(pid).orElse(0L));
    session.console().debug("the first process is " + pid + ", in " + record.cgroup());
    files.write(Store.STATE, Json.bytes(made));
    Handover.process(session, options.pidfdSocket(), pid);
    options.pidFile().ifPresent(file -> PidFile.write(session, file, pid));
    return made;
  }

  /** Of a launch that fails behind the start, somebody else has to tell: what the steps are for. */
  private static byte[] purposes(LaunchPlan plan) {
    StringBuilder text = new StringBuilder();
    List<Step> steps = plan.init();
    int first = 0;
    while (steps.get(first).op() != Op.AWAIT) {
      first++;
    }
    text.append(first).append('\n');
    for (Step step : steps.subList(first, steps.size())) {
      text.append(step.purpose().replace('\n', ' ')).append('\n');
    }
    return text.toString().getBytes(StandardCharsets.UTF_8);
  }

  private void undo(SandboxFiles files, Cgroup cgroup, RuntimeException cause) {
    try {
      if (launch.isPresent() && !ended && !(cause instanceof Peer.Gone)) {
        session.front().kill(launch.get(), 9);
        while (!(session.front().next(launch.get()) instanceof Front.Event.Exited)) {}
      }
    } catch (RuntimeException e) {
      cause.addSuppressed(e);
    }
    try {
      if (cgroup.exists()) {
        cgroup.kill(KILL);
        cgroup.delete(KILL);
      }
      resources.ifPresent(ResourceControl::remove);
      files.removeAll();
    } catch (RuntimeException e) {
      cause.addSuppressed(e);
    }
  }
}

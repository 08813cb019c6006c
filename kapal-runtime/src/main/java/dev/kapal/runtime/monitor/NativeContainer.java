package dev.kapal.runtime.monitor;

import dev.kapal.linux.Cgroup;
import dev.kapal.linux.CgroupException;
import dev.kapal.linux.ErrnoException;
import dev.kapal.linux.FaultPoint;
import dev.kapal.linux.Poller;
import dev.kapal.oci.runtime.Linux;
import dev.kapal.oci.runtime.Process;
import dev.kapal.oci.runtime.Resources;
import dev.kapal.oci.runtime.RuntimeConfig;
import dev.kapal.runtime.CheckpointSpec;
import dev.kapal.runtime.Container;
import dev.kapal.runtime.ContainerException;
import dev.kapal.runtime.ContainerProcess;
import dev.kapal.runtime.ContainerStats;
import dev.kapal.runtime.ExecSpec;
import dev.kapal.runtime.Sandbox;
import dev.kapal.runtime.monitor.SandboxRecord.ContainerRecord;
import dev.kapal.runtime.plan.LaunchPlan;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.IntConsumer;

/**
 * A container of the native runtime. Its lock guards what is done to it; a start, a deletion, an
 * update exclude each other.
 */
final class NativeContainer extends NativeProcess implements Container {
  private static final Duration FREEZE = Duration.ofSeconds(10);

  /** What the monitor adds to a wait status: the group may be gone when somebody else asks it. */
  private static final int KILLED_FOR_MEMORY = 1 << 16;

  private final String id;
  private final String bundle;
  private final Cgroup cgroup;
  private final Map<Integer, NativeProcess> execs = new TreeMap<>();
  private final Lifecycle lifecycle;
  private volatile RuntimeConfig config;
  private Optional<Poller.Registration> oomWatch = Optional.empty();
  private Optional<Cgroup.OomSource> oomSource = Optional.empty();

  NativeContainer(
      NativeSandbox sandbox,
      String id,
      int number,
      RuntimeConfig config,
      String bundle,
      Cgroup cgroup) {
    super(sandbox, number, config.process().map(Process::terminal).orElse(false));
    this.id = id;
    this.config = config;
    this.bundle = bundle;
    this.cgroup = cgroup;
    this.lifecycle = new Lifecycle(this);
  }

  ContainerRecord toRecord() {
    synchronized (execs) {
      return new ContainerRecord(
          id, number(), cgroup.path(), bundle, new ArrayList<>(execs.keySet()));
    }
  }

  String bundle() {
    return bundle;
  }

  Cgroup cgroup() {
    return cgroup;
  }

  Linux linux() {
    return config.linux().orElse(Linux.empty());
  }

  /** Follows the launch until the container waits for its start. */
  void created(LaunchPlan plan) {
    lifecycle.created(plan);
  }

  @Override
  protected boolean oomKilled(int status) {
    try {
      return (status & KILLED_FOR_MEMORY) != 0 || oomKills() > 0;
    } catch (ContainerException | CgroupException _) {
      return false;
    }
  }

  void restoreExec(int number) {
    NativeProcess process = new NativeProcess(owner(), number, true);
    owner().register(process);
    synchronized (execs) {
      execs.put(number, process);
    }
  }

  void addExec(NativeProcess process) {
    owner().register(process);
    synchronized (execs) {
      execs.put(process.number(), process);
    }
    owner().saveAll();
  }

  void forgotten(int number) {
    boolean was;
    synchronized (execs) {
      was = execs.remove(number) != null;
    }
    if (was) {
      owner().saveAll();
    }
  }

  @Override
  public String id() {
    return id;
  }

  @Override
  public Sandbox sandbox() {
    return owner();
  }

  @Override
  public RuntimeConfig config() {
    return config;
  }

  @Override
  public State state() {
    if (exitStatus().isPresent() || watch().failure().isPresent()) {
      return State.STOPPED;
    }
    if (!watch().isRunning()) {
      return State.CREATED;
    }
    return isFrozen() ? State.PAUSED : State.RUNNING;
  }

  private boolean isFrozen() {
    try {
      return cgroup.isFrozen();
    } catch (CgroupException _) {
      return false;
    }
  }

  @Override
  public String cgroupPath() {
    return cgroup.path();
  }

  @Override
  public synchronized void start() {
    if (state() != State.CREATED) {
      throw new ContainerException.WrongState(
          "The container " + id + " cannot be started: it is " + word(state()));
    }
    lifecycle.start();
  }

  static String word(State state) {
    return switch (state) {
      case CREATED -> "created but not started";
      case RUNNING -> "running";
      case PAUSED -> "paused";
      case STOPPED -> "stopped";
    };
  }

  @Override
  public void signalAll(int signal) {
    if (signal == 9) {
      killCgroup();
      return;
    }
    for (int pid : pids()) {
      try {
        owner().host().linux().processes().kill(pid, signal);
      } catch (ErrnoException e) {
        if (!e.is(dev.kapal.linux.Errno.ESRCH)) {
          throw new ContainerException.Failed(
              "Signal " + signal + " cannot be sent to process " + pid + ": " + e.errno().message(),
              e);
        }
      }
    }
  }

  void killCgroup() {
    if (cgroup.exists()) {
      cgroup.kill(NativeSandbox.KILL);
    }
  }

  @Override
  public ContainerProcess exec(ExecSpec spec) {
    if (state() != State.RUNNING) {
      throw new ContainerException.WrongState(
          "Nothing can be executed in container " + id + ": it is " + word(state()));
    }
    return new Execution(this, spec).run();
  }

  @Override
  public List<ContainerProcess> processes() {
    synchronized (execs) {
      return List.copyOf(execs.values());
    }
  }

  @Override
  public List<Integer> pids() {
    return asked("list the processes of", () -> cgroup.exists() ? cgroup.processes() : List.of());
  }

  @Override
  public synchronized void pause() {
    if (state() != State.RUNNING) {
      throw new ContainerException.WrongState(
          "The container " + id + " cannot be paused: it is " + word(state()));
    }
    asked(
        "pause",
        () -> {
          cgroup.freeze(FREEZE);
          return true;
        });
  }

  @Override
  public synchronized void resume() {
    if (state() != State.PAUSED) {
      throw new ContainerException.WrongState(
          "The container " + id + " cannot be resumed: it is " + word(state()));
    }
    asked(
        "resume",
        () -> {
          cgroup.thaw(FREEZE);
          return true;
        });
  }

  private <T> T asked(String what, java.util.function.Supplier<T> action) {
    try {
      return action.get();
    } catch (CgroupException e) {
      throw new ContainerException.Failed(
          "Cannot " + what + " container " + id + ": " + e.getMessage(), e);
    }
  }

  @Override
  public void checkpoint(CheckpointSpec spec) {
    throw new ContainerException.Unsupported(
        "The state of container "
            + id()
            + " cannot be saved: the native runtime has no checkpoints. Run it with runsc, which"
            + " has them built in, or with runc or crun and CRIU");
  }

  @Override
  public synchronized void update(Resources resources) {
    if (state() == State.STOPPED) {
      throw new ContainerException.WrongState(
          "The limits of container " + id + " cannot be changed: it is stopped");
    }
    Resources before = linux().resources().orElse(Resources.empty());
    try {
      cgroup.set(Limits.of(resources));
    } catch (CgroupException e) {
      try {
        cgroup.set(Limits.of(before));
      } catch (CgroupException again) {
        e.addSuppressed(again);
      }
      throw new ContainerException.Failed(
          "The limits of container " + id + " cannot be changed: " + e.getMessage(), e);
    }
    owner()
        .host()
        .systemd()
        .get()
        .ifPresent(systemd -> SystemdScope.tell(systemd, linux().cgroupsPath(), resources));
    config = config.withLinux(linux().withResources(Limits.merge(before, resources)));
    owner().files().writeConfig(number(), config);
  }

  @Override
  public ContainerStats stats() {
    return asked("read the usage of", () -> Limits.stats(cgroup.stats()));
  }

  @Override
  public long oomKills() {
    return asked("read the memory events of", cgroup::oomKills);
  }

  @Override
  public synchronized void onOom(IntConsumer listener) {
    if (oomWatch.isPresent()) {
      throw new ContainerException.WrongState(
          "The memory events of container " + id + " are watched already");
    }
    oomSource = asked("watch the memory of", cgroup::oomSource);
    oomSource.ifPresent(source ->
        oomWatch =
            Optional.of(
                owner()
                    .host()
                    .poller()
                    .register(
                        source.fd(),
                        Set.of(source.event()),
                        _ -> {
                          source.acknowledge();
                          listener.accept((int) cgroup.oomKills());
                        })));
  }

  private void unwatch() {
    oomWatch.ifPresent(Poller.Registration::remove);
    oomSource.ifPresent(Cgroup.OomSource::close);
    oomWatch = Optional.empty();
    oomSource = Optional.empty();
  }

  @Override
  public synchronized void delete(boolean force) {
    State state = state();
    if (!force && (state == State.RUNNING || state == State.PAUSED)) {
      throw new ContainerException.WrongState(
          "The container " + id + " cannot be deleted: it is " + word(state));
    }
    remove();
    lifecycle.deleted();
  }

  /** A creation that failed or was cut off: no hooks, no complaints about its state. */
  synchronized void abandon() {
    remove();
  }

  private void remove() {
    unwatch();
    if (launched()) {
      lifecycle.end();
    }
    FaultPoint.reach("delete.ended");
    for (ContainerProcess process : processes()) {
      process.forget();
    }
    asked(
        "remove the cgroup of",
        () -> {
          cgroup.delete(NativeSandbox.KILL);
          return true;
        });
    owner()
        .host()
        .systemd()
        .get()
        .ifPresent(systemd -> SystemdScope.end(systemd, linux().cgroupsPath()));
    FaultPoint.reach("delete.cgroup");
    // The exit is forgotten when the container is: one without the other would be a lost exit.
    owner().drop(this);
    FaultPoint.reach("delete.dropped");
    owner().forget(number());
    FaultPoint.reach("delete.forgotten");
    owner().files().removeConfig(number());
  }
}

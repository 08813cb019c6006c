package dev.kapal.runtime.shim;

import dev.kapal.linux.Cgroup;
import dev.kapal.linux.CgroupException;
import dev.kapal.linux.ErrnoException;
import dev.kapal.linux.FaultPoint;
import dev.kapal.linux.Linux;
import dev.kapal.oci.runtime.Process;
import dev.kapal.oci.runtime.Resources;
import dev.kapal.oci.runtime.RuntimeConfig;
import dev.kapal.oci.runtime.RuntimeConfigException;
import dev.kapal.oci.runtime.RuntimeConfigJson;
import dev.kapal.oci.runtime.RuntimeConfigValidator;
import dev.kapal.runtime.CheckpointSpec;
import dev.kapal.runtime.ContainerException;
import dev.kapal.runtime.ContainerProcess;
import dev.kapal.runtime.ContainerStats;
import dev.kapal.runtime.ExecSpec;
import dev.kapal.runtime.Input;
import dev.kapal.runtime.Sandbox;
import dev.kapal.runtime.Tier;
import dev.kapal.runtime.driver.LaunchedProcess;
import dev.kapal.runtime.driver.MonitoredContainer;
import dev.kapal.runtime.driver.MonitoredSandbox;
import dev.kapal.runtime.driver.StrayGroups;
import dev.kapal.runtime.driver.Strays;
import dev.kapal.runtime.driver.Trees;
import dev.kapal.runtime.monitor.Limits;
import dev.kapal.runtime.shim.ShimRecord.Phase;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntConsumer;
import java.util.function.Supplier;

/**
 * A container in a shim. Its lock guards what is done to it: a start, a pause, a deletion exclude
 * each other. That its shim has died is dealt with beside that lock.
 */
final class ShimContainer extends ShimProcess implements MonitoredContainer {
  private final String id;
  private final Cgroup cgroup;
  private final Map<Integer, ShimProcess> execs = new TreeMap<>();
  private final AtomicBoolean cleared = new AtomicBoolean();
  private final AtomicInteger oomEvents = new AtomicInteger();
  private volatile Optional<IntConsumer> oomListener = Optional.empty();
  private volatile RuntimeConfig config;
  private volatile Phase phase = Phase.CREATING;
  private volatile Optional<StartReply> reply = Optional.empty();
  private volatile Optional<Shim> shim = Optional.empty();
  private volatile int log;
  private volatile boolean comesAtStart;
  private volatile int launch;

  ShimContainer(
      ShimSandbox sandbox, String id, int number, RuntimeConfig config, String cgroupPath) {
    super(sandbox, id, "", number, config.process().map(Process::terminal).orElse(false));
    this.id = id;
    this.config = config;
    this.cgroup = sandbox.host().cgroups().open(cgroupPath);
  }

  ShimRecord.Entry toRecord() {
    synchronized (execs) {
      return new ShimRecord.Entry(
          id,
          number(),
          log,
          launch,
          cgroup.path(),
          phase,
          reply.map(StartReply::version).orElse(0),
          reply.map(StartReply::address).orElse(""),
          execs.values().stream().map(e -> new ShimRecord.Exec(e.number(), e.terminal())).toList());
    }
  }

  /** From disk. */
  void restore(ShimRecord.Entry entry) {
    phase = entry.phase();
    log = entry.log();
    launch = entry.launch();
    if (entry.protocol() > 0) {
      reply = Optional.of(new StartReply(entry.protocol(), entry.address()));
    }
    for (ShimRecord.Exec exec : entry.exec()) {
      ShimProcess process = further(exec.number(), exec.terminal());
      process.launching();
      addExec(process);
    }
  }

  private ShimProcess further(int number, boolean terminal) {
    return new ShimProcess(owner(), id, ShimProcess.execId(number), number, terminal);
  }

  /** Its bundle, relative to the sandbox's directory. Siblings are found by their ids. */
  String bundle() {
    return ShimSandbox.TASKS + "/" + id;
  }

  private ShimCommands commands() {
    return new ShimCommands(owner(), id, owner().path(bundle()));
  }

  void phase(Phase next) {
    phase = next;
    owner().save();
  }

  Phase phase() {
    return phase;
  }

  /** The number of the relay that reads the shim's log. */
  void log(int number) {
    log = number;
  }

  int log() {
    return log;
  }

  /** A launch of its shim, known on disk before it begins. */
  LaunchedProcess newLaunch() {
    LaunchedProcess process = owner().newProcess();
    launch = process.number();
    owner().save();
    return process;
  }

  /** The shim has answered: known on disk before it is spoken to. */
  void answered(StartReply answer) {
    reply = Optional.of(answer);
    owner().save();
  }

  Optional<StartReply> reply() {
    return reply;
  }

  void join(Shim joined) {
    shim = Optional.of(joined);
    joined.join(this);
  }

  @Override
  TaskService tasks() {
    return shim.filter(Shim::isOpen)
        .map(Shim::tasks)
        .orElseThrow(() -> new ContainerException.Gone("The shim of container " + id + " is gone"));
  }

  private Linux linux() {
    return owner().host().linux();
  }

  private void addExec(ShimProcess process) {
    owner().register(process);
    synchronized (execs) {
      execs.put(process.number(), process);
    }
  }

  private Fifos fifos(int number, boolean input, boolean terminal) {
    return new Fifos(owner(), bundle(), number, input, terminal);
  }

  @Override
  public void forgotten(int number) {
    boolean was;
    synchronized (execs) {
      was = execs.remove(number) != null;
    }
    if (was) {
      fifos(number, true, false).remove();
      owner().save();
    }
  }

  @Override
  protected boolean oomKilled(int status) {
    try {
      return oomKills() > 0;
    } catch (ContainerException | CgroupException _) {
      return false;
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
    if (exitStatus().isPresent()) {
      return State.STOPPED;
    }
    return switch (phase) {
      case CREATING, CREATED -> State.CREATED;
      case RUNNING -> State.RUNNING;
      case PAUSED -> State.PAUSED;
    };
  }

  private static String word(State state) {
    return switch (state) {
      case CREATED -> "created but not started";
      case RUNNING -> "running";
      case PAUSED -> "paused";
      case STOPPED -> "stopped";
    };
  }

  private void expect(State expected, String cannot) {
    State state = state();
    if (state != expected) {
      throw new ContainerException.WrongState(
          "The container " + id + " cannot be " + cannot + ": it is " + word(state));
    }
  }

  @Override
  public String cgroupPath() {
    return cgroup.path();
  }

  /** Its process comes with its start, and no sooner can be waited for. */
  void watchEndFromStart() {
    comesAtStart = true;
  }

  @Override
  public synchronized void start() {
    expect(State.CREATED, "started");
    try {
      watch()
          .pid(
              tasks()
                  .start(
                      "start container " + id + " with " + owner().host().config().name(),
                      id,
                      "",
                      owner().host().config().createTimeout()));
    } catch (ContainerException e) {
      endAll();
      throw e;
    }
    if (comesAtStart) {
      watchEnd();
    }
    FaultPoint.reach("start.runs");
    phase(Phase.RUNNING);
  }

  @Override
  public void signalAll(int signal) {
    tasks().kill(id, "", signal, true);
  }

  @Override
  public void killAll() {
    if (cgroup.exists()) {
      cgroup.kill(MonitoredSandbox.KILL);
    }
    Optional<Shim> open = shim.filter(Shim::answers);
    try {
      if (open.isPresent()) {
        open.get().tasks().kill(id, "", 9, true);
      } else {
        clearAway();
      }
    } catch (ContainerException e) {
      // Most say that there is nothing to kill any more.
      System.getLogger(ShimContainer.class.getName())
          .log(System.Logger.Level.DEBUG, "Container " + id + " is not killed by its shim", e);
    }
  }

  /** Kills it and waits until it is told; a shim that does not tell is taken for dead. */
  private void endAll() {
    if (exitStatus().isPresent() || !launched()) {
      return;
    }
    killAll();
    if (phase == Phase.CREATING) {
      return;
    }
    if (shim.filter(Shim::answers).isEmpty() || !ended(this)) {
      shimDied("it does not answer");
      ended(this);
    }
  }

  private static boolean ended(ShimProcess process) {
    try {
      return process.awaitExit(MonitoredSandbox.KILL).isPresent();
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  /** What a shim that is gone has left: killed, unmounted, and told as ended. */
  void shimDied(String why) {
    try {
      if (cgroup.exists()) {
        cgroup.kill(MonitoredSandbox.KILL);
      }
      clearAway();
    } catch (ContainerException | CgroupException | ErrnoException e) {
      System.getLogger(ShimContainer.class.getName())
          .log(System.Logger.Level.WARNING, e.getMessage());
    }
    long now = System.currentTimeMillis() * 1_000_000L;
    Optional<String> reason = Optional.of("its shim is gone: " + why);
    List<ShimProcess> all = new ArrayList<>(List.of(this));
    synchronized (execs) {
      all.addAll(execs.values());
    }
    for (ShimProcess process : all) {
      if (process.launched() && process.exitStatus().isEmpty()) {
        process.finish(9, now, reason);
      }
    }
  }

  /** Once: the program's {@code delete}, and then whatever it has overlooked. */
  private void clearAway() {
    if (reply.isEmpty() && launch == 0) {
      return;
    }
    if (!cleared.compareAndSet(false, true)) {
      return;
    }
    try {
      if (Trees.exists(linux(), owner().files().directory(), bundle())) {
        commands().delete(launch);
      }
    } finally {
      if (launch > 0) {
        Strays.kill(linux(), 0, owner().mark(launch));
        reply.ifPresent(r -> ShimAddress.parse(r.address()).clean(linux()));
      }
    }
  }

  @Override
  public ContainerProcess exec(ExecSpec spec) {
    if (state() != State.RUNNING) {
      throw new ContainerException.WrongState(
          "Nothing can be executed in container " + id + ": it is " + word(state()));
    }
    try {
      RuntimeConfigValidator.check(spec.process());
    } catch (RuntimeConfigException e) {
      throw new ContainerException.Invalid(String.valueOf(e.getMessage()), e);
    }
    ShimSandbox.refuse(spec.preserveFds());
    boolean terminal = spec.process().terminal();
    ShimProcess process = further(owner().nextNumber(), terminal);
    addExec(process);
    owner().save();
    String doing =
        "execute "
            + spec.process().args().getFirst()
            + " in container "
            + id
            + " with "
            + owner().host().config().name();
    try {
      FaultPoint.reach("exec.known");
      Fifos fifos = fifos(process.number(), spec.input() != Input.NONE, terminal);
      fifos.relay(process, spec.log(), spec.input());
      FaultPoint.reach("exec.streams");
      spec.streams().ifPresent(process::attach);
      Duration limit = owner().host().config().createTimeout();
      tasks().exec(doing, id, process.exec(), fifos.io(), RuntimeConfigJson.write(spec.process()));
      FaultPoint.reach("exec.added");
      process.watch().pid(tasks().start(doing, id, process.exec(), limit));
      FaultPoint.reach("exec.runs");
      process.watchEnd();
      return process;
    } catch (RuntimeException e) {
      try {
        end(process);
      } catch (RuntimeException again) {
        e.addSuppressed(again);
      }
      throw e;
    }
  }

  /** Ends and forgets a further process, however far it has come. */
  void end(ShimProcess process) {
    if (process.launched() && process.exitStatus().isEmpty() && owner().alive()) {
      try {
        tasks().kill(id, process.exec(), 9, false);
      } catch (ContainerException _) {
        // It has not come so far, or has ended.
      }
      process.finish(
          9,
          System.currentTimeMillis() * 1_000_000L,
          Optional.of("it was cut off before it was told of"));
      ended(process);
    }
    owner().forget(process.number());
  }

  @Override
  public List<ContainerProcess> processes() {
    synchronized (execs) {
      return List.copyOf(execs.values());
    }
  }

  @Override
  public List<Integer> pids() {
    return tasks().pids(id);
  }

  @Override
  public synchronized void pause() {
    expect(State.RUNNING, "paused");
    tasks().pause(id);
    phase(Phase.PAUSED);
  }

  @Override
  public synchronized void resume() {
    expect(State.PAUSED, "resumed");
    tasks().resume(id);
    phase(Phase.RUNNING);
  }

  @Override
  public synchronized void checkpoint(CheckpointSpec spec) {
    expect(State.RUNNING, "saved");
    String work = "criu." + number();
    Trees.make(linux(), owner().files().directory(), work);
    try {
      tasks()
          .checkpoint(
              "save the state of container " + id + " with " + owner().host().config().name(),
              id,
              spec,
              owner().path(work),
              owner().host().config().options() instanceof ShimOptions.Runc,
              owner().host().config().createTimeout());
    } finally {
      Trees.remove(linux(), owner().files().directory(), work);
    }
    if (!spec.leaveRunning()) {
      endAll();
    }
  }

  @Override
  public synchronized void update(Resources resources) {
    if (state() == State.STOPPED) {
      throw new ContainerException.WrongState(
          "The limits of container " + id + " cannot be changed: it is stopped");
    }
    dev.kapal.oci.runtime.Linux linux = config.linux().orElse(dev.kapal.oci.runtime.Linux.empty());
    Resources before = linux.resources().orElse(Resources.empty());
    try {
      tasks().update(id, RuntimeConfigJson.write(resources));
    } catch (ContainerException e) {
      try {
        tasks().update(id, RuntimeConfigJson.write(before));
      } catch (ContainerException again) {
        e.addSuppressed(again);
      }
      throw e;
    }
    config = config.withLinux(linux.withResources(Limits.merge(before, resources)));
    owner().files().writeConfig(number(), config);
  }

  @Override
  public ContainerStats stats() {
    ContainerStats told = tasks().stats(id);
    // gVisor's tells what its kernel counts, and no limits.
    return cgroup.exists()
        ? told.withLimits(asked("read the limits of", () -> Limits.stats(cgroup.stats())))
        : told;
  }

  @Override
  public long oomKills() {
    long counted = cgroup.exists() ? asked("read the memory events of", cgroup::oomKills) : 0;
    return Math.max(counted, oomEvents.get());
  }

  private <T> T asked(String what, Supplier<T> action) {
    try {
      return action.get();
    } catch (CgroupException e) {
      throw new ContainerException.Failed(
          "Cannot " + what + " container " + id + ": " + e.getMessage(), e);
    }
  }

  @Override
  public synchronized void onOom(IntConsumer listener) {
    if (oomListener.isPresent()) {
      throw new ContainerException.WrongState(
          "The memory events of container " + id + " are watched already");
    }
    oomListener = Optional.of(listener);
  }

  /** The shim has told of a kill. */
  void outOfMemory() {
    oomEvents.incrementAndGet();
    oomListener.ifPresent(l -> l.accept((int) oomKills()));
  }

  /** The shim has told of an end; {@code Wait} tells the same, and whichever comes first counts. */
  void exited(String exec, TaskService.Exit exit) {
    if (exec.isEmpty() || exec.equals(id)) {
      finish(exit);
      return;
    }
    List<ShimProcess> all;
    synchronized (execs) {
      all = List.copyOf(execs.values());
    }
    all.stream().filter(p -> p.exec().equals(exec)).forEach(p -> p.finish(exit));
  }

  @Override
  public synchronized void delete(boolean force) {
    State state = state();
    if (!force && (state == State.RUNNING || state == State.PAUSED)) {
      throw new ContainerException.WrongState(
          "The container " + id + " cannot be deleted: it is " + word(state));
    }
    remove();
  }

  /** A creation that failed or was cut off. */
  synchronized void abandon() {
    remove();
  }

  private void remove() {
    endAll();
    FaultPoint.reach("delete.ended");
    leave();
    FaultPoint.reach("delete.left");
    for (ContainerProcess process : processes()) {
      if (process instanceof ShimProcess exec) {
        end(exec);
      }
    }
    owner().endRelay(this);
    owner().endRelay(log);
    FaultPoint.reach("delete.relays");
    asked(
        "remove the cgroup of",
        () -> {
          cgroup.delete(MonitoredSandbox.KILL);
          return true;
        });
    if (owner().host().config().tier() == Tier.SANDBOX) {
      new StrayGroups(linux()).remove(owner().host().cgroups().layout(), cgroup.path());
    }
    FaultPoint.reach("delete.cgroup");
    Trees.remove(linux(), owner().files().directory(), bundle());
    FaultPoint.reach("delete.bundle");
    owner().drop(this);
    FaultPoint.reach("delete.dropped");
    owner().files().removeConfig(number());
  }

  /** Has the shim drop it, and go with its last container; or clears away after it. */
  private void leave() {
    boolean gone = true;
    if (shim.isPresent()) {
      Shim joined = shim.get();
      boolean dropped = joined.answers() && dropped(joined);
      FaultPoint.reach("delete.task");
      boolean last = joined.leave(this);
      gone = !last || (dropped && joined.shutdown(id));
      if (last) {
        owner().left(joined);
      }
      if (dropped && gone) {
        cleared.set(true);
        if (last) {
          joined.clean(linux());
        }
      }
    }
    try {
      clearAway();
    } catch (ContainerException e) {
      System.getLogger(ShimContainer.class.getName())
          .log(System.Logger.Level.WARNING, e.getMessage());
    }
    if (!gone && launch > 0) {
      Strays.kill(linux(), 0, owner().mark(launch));
    }
  }

  private boolean dropped(Shim joined) {
    try {
      joined.tasks().delete(id, "");
      return true;
    } catch (ContainerException.Gone e) {
      // It was never created, or a deletion was cut off.
      return joined.isOpen();
    } catch (ContainerException e) {
      System.getLogger(ShimContainer.class.getName())
          .log(System.Logger.Level.WARNING, e.getMessage());
      return false;
    }
  }
}

package dev.kapal.runtime.oci;

import dev.kapal.linux.Cgroup;
import dev.kapal.linux.CgroupException;
import dev.kapal.linux.ErrnoException;
import dev.kapal.oci.runtime.Process;
import dev.kapal.oci.runtime.Resources;
import dev.kapal.oci.runtime.RuntimeConfig;
import dev.kapal.oci.runtime.RuntimeConfigException;
import dev.kapal.oci.runtime.RuntimeConfigJson;
import dev.kapal.oci.runtime.RuntimeConfigValidator;
import dev.kapal.runtime.CheckpointSpec;
import dev.kapal.runtime.ContainerException;
import dev.kapal.runtime.ContainerProcess;
import dev.kapal.runtime.ContainerSpec;
import dev.kapal.runtime.ContainerStats;
import dev.kapal.runtime.ExecSpec;
import dev.kapal.runtime.Sandbox;
import dev.kapal.runtime.Tier;
import dev.kapal.runtime.driver.MonitoredContainer;
import dev.kapal.runtime.driver.StrayGroups;
import dev.kapal.runtime.driver.Trees;
import dev.kapal.runtime.oci.OciRecord.Phase;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.IntConsumer;
import java.util.stream.Stream;

/**
 * A container of a command-line runtime. Its lock guards what is done to it: a start, a pause, a
 * deletion exclude each other.
 */
final class OciContainer extends OciProcess implements MonitoredContainer {
  private final String id;
  private final Cgroup cgroup;
  private final Map<Integer, OciExec> execs = new TreeMap<>();
  private final OomWatch oom;
  private final boolean member;
  private final OciCommands commands;
  private final OciLimits limits;
  private final OciStarting starting;
  private volatile RuntimeConfig config;
  private volatile Phase phase = Phase.CREATING;
  private volatile Optional<ContainerSpec.Restore> goesOnFrom = Optional.empty();

  OciContainer(OciSandbox sandbox, String id, int number, RuntimeConfig config, String cgroupPath) {
    super(sandbox, number, config.process().map(Process::terminal).orElse(false));
    this.id = id;
    this.config = config;
    this.member = OciMember.is(config, sandbox.host().config());
    this.cgroup = sandbox.host().cgroups().open(cgroupPath);
    this.oom = new OomWatch(sandbox.host().poller(), cgroup);
    this.commands = new OciCommands(sandbox, id, number);
    this.limits = new OciLimits(commands, cgroup);
    this.starting = new OciStarting(this, commands);
  }

  OciRecord.Entry toRecord() {
    synchronized (execs) {
      return new OciRecord.Entry(
          id, number(), cgroup.path(), phase, new ArrayList<>(execs.keySet()));
    }
  }

  /** Name of its bundle's directory. */
  String bundle() {
    return "bundle." + number();
  }

  void restore(Phase restored) {
    phase = restored;
  }

  void phase(Phase next) {
    phase = next;
    owner().save();
  }

  OciProcess restoreExec(int exec) {
    OciExec process = new OciExec(this, exec, true);
    process.launching();
    addExec(process);
    return process;
  }

  private void addExec(OciExec process) {
    owner().register(process);
    synchronized (execs) {
      execs.put(process.number(), process);
    }
  }

  @Override
  public void forgotten(int number) {
    Optional<OciExec> was;
    synchronized (execs) {
      was = Optional.ofNullable(execs.remove(number));
    }
    if (was.isPresent()) {
      was.get().gone();
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
    if (exitStatus().isPresent() || watch().failure().isPresent()) {
      return State.STOPPED;
    }
    return switch (phase) {
      case CREATING, CREATED, STARTING -> State.CREATED;
      case RUNNING, SWITCHING -> State.RUNNING;
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

  /** It is not to begin at its start, but to go on; or does so already. */
  void goesOnFrom(ContainerSpec.Restore checkpoint) {
    goesOnFrom = Optional.of(checkpoint);
  }

  @Override
  public synchronized void start() {
    expect(State.CREATED, "started");
    if (goesOnFrom.isPresent() && !OciCheckpoints.intoCreated(owner().host().config())) {
      phase(Phase.RUNNING);
      return;
    }
    phase(Phase.STARTING);
    try {
      if (goesOnFrom.isPresent()) {
        starting.restore(goesOnFrom.get());
      } else if (member) {
        starting.startMember();
      } else {
        starting.start();
      }
    } catch (ContainerException e) {
      killAll();
      awaitEnd();
      throw e;
    }
    phase(Phase.RUNNING);
  }

  /** What stands for it, if it has no process of its own. */
  Optional<OciMember> member(String root) {
    return member ? Optional.of(starting.member(root)) : Optional.empty();
  }

  @Override
  public void signal(int signal) {
    if (owner().host().config().tier() == Tier.NATIVE || exitStatus().isPresent()) {
      super.signal(signal);
      return;
    }
    try {
      commands.run("signal", commands.limit(), "kill", id, Integer.toString(signal));
    } catch (ContainerException e) {
      if (exitStatus().isEmpty()) {
        throw e;
      }
    }
  }

  /** A signal to the process itself, whatever the runtime thinks of it. */
  void signalProcess(int signal) {
    super.signal(signal);
  }

  /** A signal to one of its processes, by its number in the runtime's own kernel. */
  void signalInside(String process, int signal) {
    commands.run(
        "signal", commands.limit(), "kill", "--pid", process, id, Integer.toString(signal));
  }

  @Override
  public void signalAll(int signal) {
    if (owner().host().config().tier() != Tier.NATIVE) {
      commands.run("signal", commands.limit(), "kill", "--all", id, Integer.toString(signal));
      return;
    }
    if (signal == 9) {
      killAll();
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

  /** Kills all its processes, without the runtime's help where that is possible. */
  @Override
  public void killAll() {
    if (cgroup.exists()) {
      cgroup.kill(OciSandbox.KILL);
    }
    if (exitStatus().isEmpty() && adopted()) {
      if (owner().alive()) {
        super.signal(9);
      } else if (Trees.exists(owner().host().linux(), owner().files().directory(), bundle())) {
        commands.forget();
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
    boolean terminal = spec.process().terminal();
    OciExec process = new OciExec(this, owner().nextNumber(), terminal);
    addExec(process);
    owner().save();
    String file = "process." + process.number();
    try {
      owner().files().write(file, RuntimeConfigJson.write(spec.process()));
      new OciLaunch(
              process,
              "execute "
                  + spec.process().args().getFirst()
                  + " in container "
                  + id
                  + " with "
                  + owner().host().config().name(),
              Stream.concat(
                      Stream.of("exec", "--process", owner().path(file), "--detach"),
                      process.asks().stream())
                  .toList(),
              id,
              terminal,
              Optional.empty(),
              spec.input(),
              spec.log(),
              spec.streams(),
              spec.preserveFds(),
              Optional.empty())
          .run();
      return process;
    } catch (RuntimeException e) {
      try {
        end(process);
      } catch (RuntimeException again) {
        e.addSuppressed(again);
      }
      throw e;
    } finally {
      owner().files().remove(file);
    }
  }

  /** Ends and forgets a further process, however far it has come. */
  void end(OciProcess process) {
    OciLaunch.abandon(process);
    if (process.adopted() && process.exitStatus().isEmpty()) {
      process.signal(9);
    }
    if (process.launched() && process.watch().failure().isEmpty() && owner().alive()) {
      await(process);
    }
    owner().forget(process.number());
  }

  private static void await(OciProcess process) {
    try {
      if (process.awaitExit(OciSandbox.KILL).isEmpty()) {
        throw new ContainerException.Failed(
            "Process " + process.number() + " does not end although it was killed");
      }
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public List<ContainerProcess> processes() {
    synchronized (execs) {
      return List.copyOf(execs.values());
    }
  }

  /** Without a cgroup: its process and what that has started. */
  @Override
  public List<Integer> pids() {
    if (cgroup.exists()) {
      return limits.asked("list the processes of", cgroup::processes);
    }
    List<Integer> all = new ArrayList<>();
    if (exitStatus().isEmpty() && adopted()) {
      all.add(pid());
      for (int i = 0; i < all.size() && i < 100_000; i++) {
        all.addAll(owner().host().linux().processes().children(all.get(i)));
      }
    }
    return all;
  }

  @Override
  public synchronized void pause() {
    expect(State.RUNNING, "paused");
    switchTo("pause", Phase.PAUSED);
  }

  @Override
  public synchronized void resume() {
    expect(State.PAUSED, "resumed");
    switchTo("resume", Phase.RUNNING);
  }

  private void switchTo(String verb, Phase next) {
    if (!owner().host().binary().pauses()) {
      throw new ContainerException.Unsupported(
          "Cannot "
              + verb
              + " container "
              + id
              + ": its runtime is declared to ignore control groups, and pauses by them");
    }
    Phase before = phase;
    phase(Phase.SWITCHING);
    try {
      commands.run(verb, commands.limit(), verb, id);
      phase(next);
    } catch (ContainerException e) {
      phase(before);
      throw e;
    }
  }

  @Override
  public synchronized void checkpoint(CheckpointSpec spec) {
    expect(State.RUNNING, "saved");
    new OciCheckpoints(owner(), number()).save(id, spec);
    if (!spec.leaveRunning()) {
      killAll();
      awaitEnd();
    }
  }

  @Override
  public synchronized void update(Resources resources) {
    if (state() == State.STOPPED) {
      throw new ContainerException.WrongState(
          "The limits of container " + id + " cannot be changed: it is stopped");
    }
    config = limits.update(config, resources);
  }

  /** crun does not, or not of all: systemd would undo those limits when it is reloaded. */
  void tellSystemd(Resources resources) {
    limits.tellSystemd(config, resources);
  }

  @Override
  public ContainerStats stats() {
    return limits.stats();
  }

  @Override
  public long oomKills() {
    return limits.oomKills();
  }

  @Override
  public synchronized void onOom(IntConsumer listener) {
    limits.asked(
        "watch the memory of",
        () -> {
          oom.start("The memory events of container " + id + " are watched already", listener);
          return true;
        });
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
    oom.stop();
    OciLaunch.abandon(this);
    if (adopted() && exitStatus().isEmpty()) {
      killAll();
    } else if (cgroup.exists()) {
      limits.asked(
          "kill the processes of",
          () -> {
            cgroup.kill(OciSandbox.KILL);
            return true;
          });
    }
    commands.forget();
    awaitEnd();
    for (ContainerProcess process : processes()) {
      if (process instanceof OciProcess exec) {
        end(exec);
      }
    }
    limits.asked(
        "remove the cgroup of",
        () -> {
          cgroup.delete(OciSandbox.KILL);
          return true;
        });
    if (owner().host().config().tier() == Tier.SANDBOX) {
      new StrayGroups(owner().host().linux())
          .remove(owner().host().cgroups().layout(), cgroup.path());
    }
    Trees.remove(owner().host().linux(), owner().files().directory(), bundle());
    for (String what : OciStarting.FILES) {
      Trees.remove(owner().host().linux(), owner().files().directory(), what + "." + number());
    }
    // The exit is forgotten when the container is: one without the other would be a lost exit.
    owner().drop(this);
    owner().forget(number());
    owner().files().removeConfig(number());
  }

  private void awaitEnd() {
    if (launched() && watch().failure().isEmpty() && owner().alive()) {
      await(this);
    }
  }

  /** How the runtime sees it, such as {@code running}. */
  String askedState() {
    return commands.state();
  }
}

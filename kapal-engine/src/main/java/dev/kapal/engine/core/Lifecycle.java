package dev.kapal.engine.core;

import dev.kapal.engine.AttachRequest;
import dev.kapal.engine.ContainerState;
import dev.kapal.engine.Containers.ExitStatus;
import dev.kapal.engine.EngineException;
import dev.kapal.engine.Observer.Operation;
import dev.kapal.engine.spec.RestartPolicy;
import dev.kapal.engine.store.ContainerRecord;
import dev.kapal.engine.store.Durability;
import dev.kapal.engine.store.RunState;
import dev.kapal.engine.store.VolumeRecord;
import dev.kapal.linux.FaultPoint;
import dev.kapal.runtime.CheckpointSpec;
import dev.kapal.runtime.Container;
import dev.kapal.runtime.ContainerException;
import dev.kapal.runtime.ContainerSpec.Restore;
import dev.kapal.runtime.Sandbox;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;

/**
 * What happens to a container between its making and its removal.
 *
 * <pre>
 *   created ──start──▶ running ◀──pause/unpause──▶ paused
 *                        │ ends
 *                        ▼
 *   removed ◀──rm── exited ◀──▶ restarting (its policy starts it again)
 * </pre>
 *
 * <p>A state is written when it holds, never before: the sandboxes' directories tell a new engine
 * what was under way. Callers of the methods that say so hold the entry's lock.
 */
final class Lifecycle {
  private static final System.Logger LOG = System.getLogger(Lifecycle.class.getName());
  private static final Duration BACKOFF_MIN = Duration.ofMillis(100);
  private static final Duration BACKOFF_MAX = Duration.ofMinutes(1);
  private static final Duration GOOD_RUN = Duration.ofSeconds(10);

  private final Hub hub;
  private final VolumeStore volumes;
  private final Mounting mounting;
  private final Starter starter;
  private final Joiner joiner;
  private final HealthMonitor health;
  private final Watchers watchers;
  private final ImageVolumes imageVolumes;

  Lifecycle(
      Hub hub,
      VolumeStore volumes,
      Mounting mounting,
      Starter starter,
      Joiner joiner,
      HealthMonitor health,
      Watchers watchers,
      ImageVolumes imageVolumes) {
    this.hub = hub;
    this.imageVolumes = imageVolumes;
    this.volumes = volumes;
    this.mounting = mounting;
    this.starter = starter;
    this.joiner = joiner;
    this.health = health;
    this.watchers = watchers;
  }

  /** How durable what is said about a container has to be. */
  static Durability durability(ContainerRecord c) {
    return c.spec().autoRemove() || c.spec().pod().isPresent()
        ? Durability.PROCESS
        : Durability.POWER;
  }

  private void save(Entry e, RunState state, Durability durability) {
    hub.database.write(durability, tx -> tx.update(e.id, state));
    e.state = state;
    watchers.changed(e);
  }

  /** Starts, with an attachment. Takes the lock. */
  LiveAttachment start(Entry e, Optional<AttachRequest> attach) {
    return start(e, attach, Optional.empty());
  }

  /** Starts, or goes on from a checkpoint. Takes the lock. */
  LiveAttachment start(Entry e, Optional<AttachRequest> attach, Optional<Restore> checkpoint) {
    LiveAttachment attachment = new LiveAttachment();
    e.lock.lock();
    try {
      checkStartable(e);
      cancelRestart(e);
      if (attach.isPresent()) {
        e.held.add(new HeldAttachment(attach.get(), attachment));
      }
      startLocked(e, false, checkpoint);
      return attachment;
    } catch (RuntimeException ex) {
      attach.ifPresent(AttachRequest::close);
      throw ex;
    } finally {
      e.lock.unlock();
    }
  }

  private static void checkStartable(Entry e) {
    switch (e.state.phase()) {
      case RUNNING ->
          throw new EngineException.Unchanged("container " + e.name() + " is running already");
      case PAUSED ->
          throw new EngineException.Conflict(
              "container " + e.name() + " is paused: unpause it instead");
      case REMOVING, DEAD ->
          throw new EngineException.Conflict(
              "container " + e.name() + " is being removed: it cannot be started");
      case CREATED, EXITED, RESTARTING -> {}
    }
  }

  /** Starts; holds the lock. */
  private void startLocked(Entry e, boolean again, Optional<Restore> checkpoint) {
    // What a run left behind, if clearing it away failed then.
    e.live.ifPresent(l -> clear(e, Optional.of(l)));
    List<HeldAttachment> held = List.copyOf(e.held);
    e.held.clear();
    Live live;
    try {
      live =
          hub.observing.during(
              Operation.CONTAINER_START,
              () ->
                  starter.start(
                      e,
                      c -> held.forEach(h -> joiner.join(h.request(), h.attachment(), c::attach)),
                      checkpoint));
    } catch (RuntimeException ex) {
      EngineException why = Failures.of("cannot start container " + e.name(), ex);
      held.forEach(h -> {
        h.request().close();
        h.attachment().failed(why);
      });
      RunState failed = e.state.failed(why.exitCode(), String.valueOf(why.getMessage()));
      save(e, failed, Durability.PROCESS);
      throw why;
    }
    e.live = Optional.of(live);
    CompletableFuture<ExitStatus> exit = e.exit;
    held.forEach(h -> follow(h.attachment(), exit));
    Instant now = Instant.now();
    RunState running = e.state.running(live.container().pid(), now);
    if (!again) {
      running = running.withRestartCount(0);
    }
    e.state = running;
    boolean policy = e.record.spec().restart().mode() != RestartPolicy.Mode.NO;
    try {
      // Whether it ran at a power failure matters to its policy alone.
      save(e, running, policy ? Durability.POWER : Durability.PROCESS);
      FaultPoint.reach("start.recorded");
    } catch (RuntimeException ex) {
      // It runs, and is found by its sandbox at the next start: nothing is lost.
      LOG.log(System.Logger.Level.ERROR, "the start of " + e.name() + " was not recorded", ex);
    }
    if (again) {
      hub.events.publish("container", "restart", e.id, EventAttributes.of(e.record));
    }
    hub.events.publish("container", "start", e.id, EventAttributes.of(e.record));
    watch(e, live);
  }

  /** Notices the end of a run, and what else happens to it. Holds the lock. */
  void watch(Entry e, Live live) {
    Container c = live.container();
    c.onOom(kills ->
        hub.background(
            () -> hub.events.publish("container", "oom", e.id, EventAttributes.of(e.record))));
    e.prober = health.start(e, live);
    c.onExit(status -> hub.background(() -> ended(e, live, status)));
  }

  /** An attachment ends with the run that it is joined to. */
  static void follow(LiveAttachment a, CompletableFuture<ExitStatus> exit) {
    var _ = exit.whenComplete((status, failure) -> a.exited());
  }

  /** A run has ended. Takes the lock. */
  void ended(Entry e, Live live, dev.kapal.runtime.ExitStatus status) {
    e.lock.lock();
    try {
      if (e.live.filter(live::sameRun).isEmpty() || !e.state.phase().alive()) {
        return;
      }
      FaultPoint.reach("end.noticed");
      stopProber(e);
      boolean oom = status.oomKilled() || oomKills(live);
      RunState ended = e.state.ended(status.code(), oom, status.reason(), status.at());
      boolean good =
          e.state
              .started()
              .map(s -> Duration.between(s, status.at()).compareTo(GOOD_RUN) >= 0)
              .orElse(false);
      if (good) {
        ended = ended.withRestartCount(0);
      }
      boolean again = !hub.closing.get() && !hub.noRestarts.get() && wantsRestart(e.record, ended);
      if (again) {
        ended =
            ended.withPhase(ContainerState.RESTARTING).withRestartCount(ended.restartCount() + 1);
      }
      try {
        if (e.record.spec().autoRemove()) {
          // Nothing has to be written down: it goes now.
          e.state = ended;
          watchers.changed(e);
        } else {
          save(e, ended, again ? Durability.PROCESS : durability(e.record));
          FaultPoint.reach("end.recorded");
        }
      } catch (RuntimeException ex) {
        // The monitor's own record of the exit stays until the sandbox is cleared away.
        LOG.log(System.Logger.Level.ERROR, "the end of " + e.name() + " was not recorded", ex);
        e.state = ended;
      }
      hub.events.publish(
          "container",
          "die",
          e.id,
          EventAttributes.of(
              e.record,
              "exitCode",
              Integer.toString(status.code()),
              "execDuration",
              Long.toString(
                  ended
                      .started()
                      .map(s -> Duration.between(s, status.at()).toSeconds())
                      .orElse(0L))));
      e.execs.clear();
      CompletableFuture<ExitStatus> exit = e.exit;
      e.exit = new CompletableFuture<>();
      ExitStatus last = e.lastExit();
      if (again) {
        exit.complete(last);
        clear(e, Optional.of(live));
        scheduleRestart(e, ended.restartCount());
      } else if (e.record.spec().autoRemove()) {
        removeEnded(e, live, exit, last);
      } else {
        exit.complete(last);
        clear(e, Optional.of(live));
      }
    } finally {
      e.lock.unlock();
    }
  }

  /**
   * Removes a container that ran to be removed. Whoever waits for it is told as soon as its name
   * and its ports are free and its record is gone; what it leaves, which nobody can name any more,
   * goes right after that. After a crash in between, {@link Recovery} finds a sandbox, a snapshot
   * and directories without a record, and removes them.
   */
  private void removeEnded(
      Entry e, Live live, CompletableFuture<ExitStatus> exit, ExitStatus last) {
    ContainerRecord c = e.record;
    if (Starter.networked(c) && !attempt(e, "its network", () -> hub.peers.detach(e.id))) {
      exit.complete(last);
      removeLocked(e, true);
      return;
    }
    List<VolumeRecord> doomed = volumes.doom(e);
    try {
      hub.database.write(
          Durability.PROCESS,
          tx -> {
            tx.deleteContainer(c.id());
            for (VolumeRecord v : doomed) {
              tx.put(v);
            }
          });
    } catch (RuntimeException ex) {
      LOG.log(System.Logger.Level.ERROR, "container " + c.name() + " is not removed yet", ex);
      exit.complete(last);
      removeLocked(e, true);
      return;
    }
    FaultPoint.reach("end.forgotten");
    e.state = e.state.withPhase(ContainerState.REMOVING);
    hub.index.remove(e);
    hub.events.publish("container", "destroy", c.id(), EventAttributes.of(c));
    exit.complete(last);
    e.exit.complete(last);
    e.removed.complete(last);
    watchers.gone(e);
    clearRemoved(e, Optional.of(live), doomed, 0);
  }

  /** Clears away what a removed container left; what resists is tried again a few times. */
  private void clearRemoved(Entry e, Optional<Live> live, List<VolumeRecord> doomed, int tries) {
    ContainerRecord c = e.record;
    FaultPoint.reach("end.told");
    clear(e, live);
    boolean all = e.live.isEmpty();
    all &= attempt(e, "its files", () -> hub.images.snapshots().remove(c.id()));
    all &= attempt(e, "its images", () -> imageVolumes.remove(c));
    all &= attempt(e, "its directory", () -> hub.trees.remove(hub.layout.container(c.id())));
    all &= attempt(e, "its volumes", () -> volumes.eraseDoomed(doomed));
    if (!all && tries < 5) {
      var _ =
          hub.later(
              Duration.ofMillis(200L << tries), () -> clearRemoved(e, e.live, doomed, tries + 1));
    }
  }

  private static boolean oomKills(Live live) {
    try {
      return live.container().oomKills() > 0;
    } catch (ContainerException gone) {
      return false;
    }
  }

  private void stopProber(Entry e) {
    e.prober.ifPresent(p -> {
      try {
        p.close();
      } catch (Exception ex) {
        LOG.log(System.Logger.Level.DEBUG, "stopping health checks", ex);
      }
    });
    e.prober = Optional.empty();
  }

  static boolean wantsRestart(ContainerRecord c, RunState s) {
    if (s.stopRequested() || c.spec().autoRemove()) {
      return false;
    }
    RestartPolicy p = c.spec().restart();
    return switch (p.mode()) {
      case NO -> false;
      case ON_FAILURE ->
          s.exitCode() != 0 && (p.maxRetries() == 0 || s.restartCount() < p.maxRetries());
      case ALWAYS, UNLESS_STOPPED -> true;
    };
  }

  /** 100 ms, doubling with each restart in a row, at most a minute. */
  static Duration backoff(int restartCount) {
    int doublings = Math.min(Math.max(0, restartCount - 1), 10);
    Duration d = BACKOFF_MIN.multipliedBy(1L << doublings);
    return d.compareTo(BACKOFF_MAX) > 0 ? BACKOFF_MAX : d;
  }

  /** Holds the lock. */
  void scheduleRestart(Entry e, int restartCount) {
    e.restart = Optional.of(hub.later(backoff(restartCount), () -> restartNow(e)));
  }

  private void restartNow(Entry e) {
    e.lock.lock();
    try {
      if (e.state.phase() != ContainerState.RESTARTING || hub.closing.get()) {
        return;
      }
      e.restart = Optional.empty();
      int count = e.state.restartCount();
      try {
        startLocked(e, true, Optional.empty());
      } catch (EngineException ex) {
        RestartPolicy p = e.record.spec().restart();
        boolean more =
            p.mode() != RestartPolicy.Mode.ON_FAILURE
                || p.maxRetries() == 0
                || count < p.maxRetries();
        if (more) {
          save(
              e,
              e.state.withPhase(ContainerState.RESTARTING).withRestartCount(count + 1),
              Durability.PROCESS);
          scheduleRestart(e, count + 1);
        }
      }
    } finally {
      e.lock.unlock();
    }
  }

  /** Holds the lock. */
  private static void cancelRestart(Entry e) {
    e.restart.ifPresent(f -> f.cancel(false));
    e.restart = Optional.empty();
  }

  /**
   * Takes away all that a run had. Idempotent; what cannot be taken away is logged, and tried again
   * at the next occasion. Holds the lock.
   */
  void clear(Entry e, Optional<Live> live) {
    boolean all = true;
    if (live.isPresent()) {
      all &= attempt(e, "its container", () -> live.get().container().delete(true));
      FaultPoint.reach("clear.container");
      all &= attempt(e, "its sandbox", () -> live.get().sandbox().ifPresent(Sandbox::quit));
      FaultPoint.reach("clear.sandbox");
    }
    if (Starter.networked(e.record)) {
      all &= attempt(e, "its network", () -> hub.peers.detach(e.id));
    }
    FaultPoint.reach("clear.network");
    all &= attempt(e, "its mounts", () -> mounting.clear(e.record));
    FaultPoint.reach("clear.mounts");
    if (all) {
      e.live = Optional.empty();
    }
  }

  private static boolean attempt(Entry e, String what, Runnable step) {
    try {
      step.run();
      return true;
    } catch (ContainerException.Gone gone) {
      return true;
    } catch (RuntimeException ex) {
      LOG.log(
          System.Logger.Level.WARNING, "of container " + e.name() + ", " + what + " remains", ex);
      return false;
    }
  }

  /** Asks it to end. Takes the lock, but not while it waits. */
  void stop(Entry e, Duration timeout, int signal, boolean byUser) {
    hub.observing.during(Operation.CONTAINER_STOP, () -> stopNow(e, timeout, signal, byUser));
  }

  private void stopNow(Entry e, Duration timeout, int signal, boolean byUser) {
    CompletableFuture<ExitStatus> exit;
    Live live;
    int run;
    e.lock.lock();
    try {
      if (e.state.phase() == ContainerState.RESTARTING) {
        cancelRestart(e);
        save(
            e,
            e.state.withPhase(ContainerState.EXITED).withStopRequested(byUser),
            durability(e.record));
        return;
      }
      if (!e.state.phase().alive()) {
        throw new EngineException.Unchanged("container " + e.name() + " does not run");
      }
      live = e.live.orElseThrow();
      run = e.state.runs();
      exit = e.exit;
      if (byUser && !e.state.stopRequested()) {
        save(e, e.state.withStopRequested(true), Durability.PROCESS);
      }
      FaultPoint.reach("stop.requested");
      hub.events.publish(
          "container",
          "kill",
          e.id,
          EventAttributes.of(e.record, "signal", Integer.toString(signal)));
      FaultPoint.reach("stop.signalled");
      signal(e, live, signal);
    } finally {
      e.lock.unlock();
    }
    boolean ended = timeout.isNegative() ? waitFor(exit) : waitFor(exit, timeout);
    if (!ended) {
      e.lock.lock();
      try {
        if (e.state.runs() == run && e.state.phase().alive()) {
          hub.events.publish(
              "container", "kill", e.id, EventAttributes.of(e.record, "signal", "9"));
          signal(e, live, 9);
        }
      } finally {
        e.lock.unlock();
      }
      if (!waitFor(exit, Duration.ofSeconds(30))) {
        throw new EngineException.TimedOut(
            "container "
                + e.name()
                + " did not end within 30 s of SIGKILL: its processes may wait for a disk or network that does not answer");
      }
    }
    // When its end has been dealt with, ports and mounts included.
    awaitCleared(e);
    hub.events.publish("container", "stop", e.id, EventAttributes.of(e.record));
  }

  private static void awaitCleared(Entry e) {
    e.lock.lock();
    try {
      if (e.state.phase().alive()) {
        LOG.log(System.Logger.Level.DEBUG, "started again meanwhile");
      }
    } finally {
      e.lock.unlock();
    }
  }

  /** Sends a signal; a frozen process could not heed it. Holds the lock. */
  private void signal(Entry e, Live live, int signal) {
    try {
      live.container().signal(signal);
      if (e.state.phase() == ContainerState.PAUSED) {
        live.container().resume();
        save(e, e.state.withPhase(ContainerState.RUNNING), Durability.PROCESS);
      }
    } catch (ContainerException.WrongState | ContainerException.Gone ended) {
      LOG.log(System.Logger.Level.DEBUG, "ended meanwhile", ended);
    } catch (ContainerException ex) {
      throw Failures.of("cannot signal container " + e.name(), ex);
    }
  }

  private static boolean waitFor(CompletableFuture<ExitStatus> exit) {
    try {
      exit.get();
      return true;
    } catch (InterruptedException ex) {
      Thread.currentThread().interrupt();
      throw new EngineException.TimedOut("the wait was interrupted");
    } catch (java.util.concurrent.ExecutionException ex) {
      throw new IllegalStateException(ex.getCause());
    }
  }

  private static boolean waitFor(CompletableFuture<ExitStatus> exit, Duration time) {
    try {
      exit.get(Math.max(0, time.toNanos()), java.util.concurrent.TimeUnit.NANOSECONDS);
      return true;
    } catch (java.util.concurrent.TimeoutException ex) {
      return false;
    } catch (InterruptedException ex) {
      Thread.currentThread().interrupt();
      throw new EngineException.TimedOut("the wait was interrupted");
    } catch (java.util.concurrent.ExecutionException ex) {
      throw new IllegalStateException(ex.getCause());
    }
  }

  /** Sends a signal as {@code kill} does. Takes the lock. */
  void kill(Entry e, int signal, int stopSignal) {
    CompletableFuture<ExitStatus> exit;
    e.lock.lock();
    try {
      if (!e.state.phase().alive()) {
        throw new EngineException.Conflict(
            "container " + e.name() + " does not run: there is nothing to signal");
      }
      exit = e.exit;
      if ((signal == 9 || signal == stopSignal) && !e.state.stopRequested()) {
        // Somebody wants it to end: its policy is not to start it again.
        save(e, e.state.withStopRequested(true), Durability.PROCESS);
      }
      hub.events.publish(
          "container",
          "kill",
          e.id,
          EventAttributes.of(e.record, "signal", Integer.toString(signal)));
      Live live = e.live.orElseThrow();
      try {
        live.container().signal(signal);
        if (signal == 9 && e.state.phase() == ContainerState.PAUSED) {
          live.container().resume();
          save(e, e.state.withPhase(ContainerState.RUNNING), Durability.PROCESS);
        }
      } catch (ContainerException.WrongState | ContainerException.Gone ended) {
        LOG.log(System.Logger.Level.DEBUG, "ended meanwhile", ended);
      } catch (ContainerException ex) {
        throw Failures.of("cannot signal container " + e.name(), ex);
      }
    } finally {
      e.lock.unlock();
    }
    if (signal == 9) {
      waitFor(exit, Duration.ofSeconds(10));
    }
  }

  /** Kills it, for its pod is to end, and waits until it has ended. Takes the lock. */
  void end(Entry e) {
    CompletableFuture<ExitStatus> exit;
    e.lock.lock();
    try {
      if (!e.state.phase().alive()) {
        return;
      }
      exit = e.exit;
      signal(e, e.live.orElseThrow(), 9);
    } finally {
      e.lock.unlock();
    }
    if (!waitFor(exit, Duration.ofSeconds(30))) {
      throw new EngineException.TimedOut(
          "container " + e.name() + " did not end within 30 s of SIGKILL");
    }
    e.lock.lock();
    try {
      // By now all is cleared away, unless that failed.
      e.live.ifPresent(l -> clear(e, Optional.of(l)));
    } finally {
      e.lock.unlock();
    }
  }

  void pause(Entry e) {
    e.lock.lock();
    try {
      if (e.state.phase() == ContainerState.PAUSED) {
        throw new EngineException.Unchanged("container " + e.name() + " is paused already");
      }
      Live live = running(e);
      live.container().pause();
      save(e, e.state.withPhase(ContainerState.PAUSED), Durability.PROCESS);
      hub.events.publish("container", "pause", e.id, EventAttributes.of(e.record));
    } catch (ContainerException ex) {
      throw Failures.of("cannot pause container " + e.name(), ex);
    } finally {
      e.lock.unlock();
    }
  }

  /**
   * Saves what runs, with its end if it is to end by that. The end is told by itself, as any other.
   */
  void checkpoint(Entry e, CheckpointSpec spec) {
    Live live = running(e);
    if (!spec.leaveRunning()) {
      save(e, e.state.withStopRequested(true), Durability.PROCESS);
    }
    try {
      live.container().checkpoint(spec);
    } catch (ContainerException ex) {
      if (!spec.leaveRunning() && e.state.phase().alive()) {
        save(e, e.state.withStopRequested(false), Durability.PROCESS);
      }
      throw Failures.of("cannot save the state of container " + e.name(), ex);
    }
  }

  void unpause(Entry e) {
    e.lock.lock();
    try {
      if (e.state.phase() != ContainerState.PAUSED) {
        throw new EngineException.Conflict("container " + e.name() + " is not paused");
      }
      e.live.orElseThrow().container().resume();
      save(e, e.state.withPhase(ContainerState.RUNNING), Durability.PROCESS);
      hub.events.publish("container", "unpause", e.id, EventAttributes.of(e.record));
    } catch (ContainerException ex) {
      throw Failures.of("cannot resume container " + e.name(), ex);
    } finally {
      e.lock.unlock();
    }
  }

  /** The present run. */
  static Live running(Entry e) {
    if (e.state.phase() == ContainerState.PAUSED) {
      throw new EngineException.Conflict("container " + e.name() + " is paused: unpause it first");
    }
    return e.live
        .filter(l -> e.state.phase() == ContainerState.RUNNING)
        .orElseThrow(() ->
            new EngineException.Conflict(
                "container " + e.name() + " does not run: start it first"));
  }

  /** Removes; kills first when forced. */
  void remove(Entry e, boolean force, boolean withVolumes) {
    hub.observing.during(Operation.CONTAINER_REMOVE, () -> removeNow(e, force, withVolumes));
  }

  private void removeNow(Entry e, boolean force, boolean withVolumes) {
    CompletableFuture<ExitStatus> exit = null;
    e.lock.lock();
    try {
      if (e.removed.isDone()) {
        return;
      }
      if (e.state.phase().alive()) {
        if (!force) {
          throw new EngineException.Conflict(
              "container "
                  + e.name()
                  + " is "
                  + e.state.phase().text()
                  + ": stop it first, or remove it with --force");
        }
        exit = e.exit;
        save(e, e.state.withStopRequested(true), Durability.PROCESS);
        hub.events.publish("container", "kill", e.id, EventAttributes.of(e.record, "signal", "9"));
        signal(e, e.live.orElseThrow(), 9);
      } else {
        cancelRestart(e);
        removeLocked(e, withVolumes);
        return;
      }
    } finally {
      e.lock.unlock();
    }
    if (!waitFor(exit, Duration.ofSeconds(30))) {
      throw new EngineException.TimedOut(
          "container " + e.name() + " did not end within 30 s of SIGKILL: it is not removed");
    }
    e.lock.lock();
    try {
      if (!e.removed.isDone()) {
        cancelRestart(e);
        removeLocked(e, withVolumes);
      }
    } finally {
      e.lock.unlock();
    }
  }

  /** Removes what does not run. Holds the lock. */
  void removeLocked(Entry e, boolean withVolumes) {
    ContainerRecord c = e.record;
    Durability durability = durability(c);
    try {
      List<VolumeRecord> doomed = withVolumes ? volumes.doom(e) : List.of();
      RunState removing = e.state.withPhase(ContainerState.REMOVING);
      // Half removed must not pass for whole, and what is to go with it must go.
      hub.database.write(
          Durability.PROCESS,
          tx -> {
            tx.update(c.id(), removing);
            for (VolumeRecord v : doomed) {
              tx.put(v);
            }
          });
      FaultPoint.reach("remove.recorded");
      e.state = removing;
      watchers.changed(e);
      ExitStatus last = e.lastExit();
      clear(e, e.live);
      if (e.live.isPresent()) {
        throw new EngineException.SystemFailure(
            "something of container " + c.name() + " is still in use: try to remove it again");
      }
      FaultPoint.reach("remove.cleared");
      hub.images.snapshots().remove(c.id());
      imageVolumes.remove(c);
      Path directory = hub.layout.container(c.id());
      FaultPoint.reach("remove.snapshot");
      hub.trees.remove(directory);
      FaultPoint.reach("remove.directory");
      hub.database.write(durability, tx -> tx.deleteContainer(c.id()));
      FaultPoint.reach("remove.forgotten");
      hub.index.remove(e);
      attempt(e, "its volumes", () -> volumes.eraseDoomed(doomed));
      FaultPoint.reach("remove.volumes");
      e.held.forEach(h -> {
        h.request().close();
        h.attachment().exited();
      });
      e.held.clear();
      hub.events.publish("container", "destroy", c.id(), EventAttributes.of(c));
      e.exit.complete(last);
      e.removed.complete(last);
      watchers.gone(e);
    } catch (RuntimeException ex) {
      EngineException why = Failures.of("cannot remove container " + c.name(), ex);
      RunState dead =
          e.state.withPhase(ContainerState.DEAD).withError(String.valueOf(why.getMessage()));
      e.state = dead;
      try {
        save(e, dead, Durability.PROCESS);
      } catch (RuntimeException alsoThat) {
        why.addSuppressed(alsoThat);
      }
      throw why;
    }
  }

  /** Starts a container's next run after a while; for recovery. Holds the lock. */
  void restartSoon(Entry e) {
    save(e, e.state.withPhase(ContainerState.RESTARTING), Durability.PROCESS);
    e.restart = Optional.<Future<?>>of(hub.later(Duration.ZERO, () -> restartNow(e)));
  }

  /** Takes a state over; for recovery. Holds the lock. */
  void record(Entry e, RunState state) {
    save(e, state, durability(e.record));
  }
}

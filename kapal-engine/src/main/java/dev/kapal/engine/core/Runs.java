package dev.kapal.engine.core;

import dev.kapal.engine.AttachRequest;
import dev.kapal.engine.ContainerState;
import dev.kapal.engine.Containers.ExitStatus;
import dev.kapal.engine.EngineException;
import dev.kapal.engine.Observer.Operation;
import dev.kapal.engine.spec.RestartPolicy;
import dev.kapal.engine.store.Durability;
import dev.kapal.engine.store.RunState;
import dev.kapal.linux.FaultPoint;
import dev.kapal.runtime.Container;
import dev.kapal.runtime.ContainerException;
import dev.kapal.runtime.ContainerSpec.Restore;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;

/** The runs of containers: their start, their end, and the next one that a policy wants. */
final class Runs {
  private static final System.Logger LOG = System.getLogger(Runs.class.getName());
  private final Hub hub;
  private final States states;
  private final Clearing clearing;
  private final Removing removing;
  private final Starter starter;
  private final Joiner joiner;
  private final HealthMonitor health;
  private final Watchers watchers;

  Runs(
      Hub hub,
      States states,
      Clearing clearing,
      Removing removing,
      Starter starter,
      Joiner joiner,
      HealthMonitor health,
      Watchers watchers) {
    this.hub = hub;
    this.states = states;
    this.clearing = clearing;
    this.removing = removing;
    this.starter = starter;
    this.joiner = joiner;
    this.health = health;
    this.watchers = watchers;
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
      e.cancelRestart();
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
    e.live.ifPresent(l -> clearing.clear(e, Optional.of(l)));
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
      states.save(e, failed, Durability.PROCESS);
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
      states.save(e, running, policy ? Durability.POWER : Durability.PROCESS);
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
      if (Restarts.wasGood(e.state, status.at())) {
        ended = ended.withRestartCount(0);
      }
      boolean again =
          !hub.closing.get() && !hub.noRestarts.get() && Restarts.wanted(e.record, ended);
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
          states.save(e, ended, again ? Durability.PROCESS : States.durability(e.record));
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
        clearing.clear(e, Optional.of(live));
        scheduleRestart(e, ended.restartCount());
      } else if (e.record.spec().autoRemove()) {
        removing.removeEnded(e, live, exit, last);
      } else {
        exit.complete(last);
        clearing.clear(e, Optional.of(live));
      }
    } finally {
      e.lock.unlock();
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

  /** Holds the lock. */
  void scheduleRestart(Entry e, int restartCount) {
    e.restart = Optional.of(hub.later(Restarts.backoff(restartCount), () -> restartNow(e)));
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
        if (Restarts.triesAgain(e.record.spec().restart(), count)) {
          states.save(
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

  /** Starts a container's next run after a while; for recovery. Holds the lock. */
  void restartSoon(Entry e) {
    states.save(e, e.state.withPhase(ContainerState.RESTARTING), Durability.PROCESS);
    e.restart = Optional.<Future<?>>of(hub.later(Duration.ZERO, () -> restartNow(e)));
  }
}

package dev.kapal.engine.core;

import dev.kapal.engine.ContainerState;
import dev.kapal.engine.Containers.ExitStatus;
import dev.kapal.engine.EngineException;
import dev.kapal.engine.Observer.Operation;
import dev.kapal.engine.store.Durability;
import dev.kapal.linux.FaultPoint;
import dev.kapal.runtime.ContainerException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/**
 * Signals to containers, and the wait for their end. The methods take the lock unless they say
 * otherwise.
 */
final class Stopping {
  private static final System.Logger LOG = System.getLogger(Stopping.class.getName());
  private final Hub hub;
  private final States states;
  private final Clearing clearing;

  Stopping(Hub hub, States states, Clearing clearing) {
    this.hub = hub;
    this.states = states;
    this.clearing = clearing;
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
        e.cancelRestart();
        states.save(
            e,
            e.state.withPhase(ContainerState.EXITED).withStopRequested(byUser),
            States.durability(e.record));
        return;
      }
      if (!e.state.phase().alive()) {
        throw new EngineException.Unchanged("container " + e.name() + " does not run");
      }
      live = e.live.orElseThrow();
      run = e.state.runs();
      exit = e.exit;
      if (byUser && !e.state.stopRequested()) {
        states.save(e, e.state.withStopRequested(true), Durability.PROCESS);
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
    e.lock.lock();
    try {
      // Its end is dealt with under the lock: now its ports and mounts are free.
      LOG.log(System.Logger.Level.DEBUG, "{0} has ended: {1}", e.name(), e.state.phase());
    } finally {
      e.lock.unlock();
    }
    hub.events.publish("container", "stop", e.id, EventAttributes.of(e.record));
  }

  /** Sends a signal that is to end it; a frozen process could not heed it. Holds the lock. */
  void signal(Entry e, Live live, int signal) {
    signal(e, live, signal, true);
  }

  private void signal(Entry e, Live live, int signal, boolean wake) {
    try {
      live.container().signal(signal);
      if (wake && e.state.phase() == ContainerState.PAUSED) {
        live.container().resume();
        states.save(e, e.state.withPhase(ContainerState.RUNNING), Durability.PROCESS);
      }
    } catch (ContainerException.WrongState | ContainerException.Gone ended) {
      LOG.log(System.Logger.Level.DEBUG, "ended meanwhile", ended);
    } catch (ContainerException ex) {
      throw Failures.of("cannot signal container " + e.name(), ex);
    }
  }

  static boolean waitFor(CompletableFuture<ExitStatus> exit) {
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

  static boolean waitFor(CompletableFuture<ExitStatus> exit, Duration time) {
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
        states.save(e, e.state.withStopRequested(true), Durability.PROCESS);
      }
      hub.events.publish(
          "container",
          "kill",
          e.id,
          EventAttributes.of(e.record, "signal", Integer.toString(signal)));
      signal(e, e.live.orElseThrow(), signal, signal == 9);
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
      e.live.ifPresent(l -> clearing.clear(e, Optional.of(l)));
    } finally {
      e.lock.unlock();
    }
  }
}

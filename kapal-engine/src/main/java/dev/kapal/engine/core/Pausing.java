package dev.kapal.engine.core;

import dev.kapal.engine.ContainerState;
import dev.kapal.engine.EngineException;
import dev.kapal.engine.store.Durability;
import dev.kapal.runtime.CheckpointSpec;
import dev.kapal.runtime.ContainerException;

/** Freezes what runs, lets it go on, and saves it. */
final class Pausing {
  private final Hub hub;
  private final States states;

  Pausing(Hub hub, States states) {
    this.hub = hub;
    this.states = states;
  }

  void pause(Entry e) {
    e.lock.lock();
    try {
      if (e.state.phase() == ContainerState.PAUSED) {
        throw new EngineException.Unchanged("container " + e.name() + " is paused already");
      }
      Live live = States.running(e);
      live.container().pause();
      states.save(e, e.state.withPhase(ContainerState.PAUSED), Durability.PROCESS);
      hub.events.publish("container", "pause", e.id, EventAttributes.of(e.record));
    } catch (ContainerException ex) {
      throw Failures.of("cannot pause container " + e.name(), ex);
    } finally {
      e.lock.unlock();
    }
  }

  void unpause(Entry e) {
    e.lock.lock();
    try {
      if (e.state.phase() != ContainerState.PAUSED) {
        throw new EngineException.Conflict("container " + e.name() + " is not paused");
      }
      e.live.orElseThrow().container().resume();
      states.save(e, e.state.withPhase(ContainerState.RUNNING), Durability.PROCESS);
      hub.events.publish("container", "unpause", e.id, EventAttributes.of(e.record));
    } catch (ContainerException ex) {
      throw Failures.of("cannot resume container " + e.name(), ex);
    } finally {
      e.lock.unlock();
    }
  }

  /**
   * Saves what runs, with its end if it is to end by that. The end is told by itself, as any other.
   */
  void checkpoint(Entry e, CheckpointSpec spec) {
    Live live = States.running(e);
    if (!spec.leaveRunning()) {
      states.save(e, e.state.withStopRequested(true), Durability.PROCESS);
    }
    try {
      live.container().checkpoint(spec);
    } catch (ContainerException ex) {
      if (!spec.leaveRunning() && e.state.phase().alive()) {
        states.save(e, e.state.withStopRequested(false), Durability.PROCESS);
      }
      throw Failures.of("cannot save the state of container " + e.name(), ex);
    }
  }
}

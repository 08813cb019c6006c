package dev.kapal.engine.core;

import dev.kapal.engine.ContainerState;
import dev.kapal.engine.EngineException;
import dev.kapal.engine.store.ContainerRecord;
import dev.kapal.engine.store.Durability;
import dev.kapal.engine.store.RunState;

/**
 * The state of each container: written when it holds, never before. Callers hold the entry's lock.
 */
final class States {
  private final Hub hub;
  private final Watchers watchers;

  States(Hub hub, Watchers watchers) {
    this.hub = hub;
    this.watchers = watchers;
  }

  /** How durable what is said about a container has to be. */
  static Durability durability(ContainerRecord c) {
    return c.spec().autoRemove() || c.spec().pod().isPresent()
        ? Durability.PROCESS
        : Durability.POWER;
  }

  /** Writes a state down, then takes it over. Holds the lock. */
  void save(Entry e, RunState state, Durability durability) {
    hub.database.write(durability, tx -> tx.update(e.id, state));
    e.state = state;
    watchers.changed(e);
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

  /** Takes a state over; for recovery. Holds the lock. */
  void record(Entry e, RunState state) {
    save(e, state, durability(e.record));
  }
}

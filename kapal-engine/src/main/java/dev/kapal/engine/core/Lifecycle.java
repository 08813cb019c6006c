package dev.kapal.engine.core;

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
 *
 * @param states what is written of each
 * @param clearing takes away what a run had
 * @param stopping signals, and waits for ends
 * @param pausing freezes and saves
 * @param removing removes
 * @param runs starts, and deals with ends
 */
record Lifecycle(
    States states,
    Clearing clearing,
    Stopping stopping,
    Pausing pausing,
    Removing removing,
    Runs runs) {

  static Lifecycle of(
      Hub hub,
      VolumeStore volumes,
      Mounting mounting,
      Starter starter,
      Joiner joiner,
      HealthMonitor health,
      Watchers watchers,
      ImageVolumes imageVolumes) {
    States states = new States(hub, watchers);
    Clearing clearing = new Clearing(hub, mounting);
    Stopping stopping = new Stopping(hub, states, clearing);
    Removing removing =
        new Removing(hub, states, clearing, stopping, volumes, imageVolumes, watchers);
    Runs runs = new Runs(hub, states, clearing, removing, starter, joiner, health, watchers);
    return new Lifecycle(states, clearing, stopping, new Pausing(hub, states), removing, runs);
  }
}

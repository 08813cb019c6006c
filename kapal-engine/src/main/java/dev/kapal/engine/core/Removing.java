package dev.kapal.engine.core;

import dev.kapal.engine.ContainerState;
import dev.kapal.engine.Containers.ExitStatus;
import dev.kapal.engine.EngineException;
import dev.kapal.engine.Observer.Operation;
import dev.kapal.engine.store.ContainerRecord;
import dev.kapal.engine.store.Durability;
import dev.kapal.engine.store.RunState;
import dev.kapal.engine.store.VolumeRecord;
import dev.kapal.linux.FaultPoint;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/** The removal of containers, crash-safe: what is half removed is known as that. */
final class Removing {
  private static final System.Logger LOG = System.getLogger(Removing.class.getName());
  private final Hub hub;
  private final States states;
  private final Clearing clearing;
  private final Stopping stopping;
  private final VolumeStore volumes;
  private final ImageVolumes imageVolumes;
  private final Watchers watchers;

  Removing(
      Hub hub,
      States states,
      Clearing clearing,
      Stopping stopping,
      VolumeStore volumes,
      ImageVolumes imageVolumes,
      Watchers watchers) {
    this.hub = hub;
    this.states = states;
    this.clearing = clearing;
    this.stopping = stopping;
    this.volumes = volumes;
    this.imageVolumes = imageVolumes;
    this.watchers = watchers;
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
        states.save(e, e.state.withStopRequested(true), Durability.PROCESS);
        hub.events.publish("container", "kill", e.id, EventAttributes.of(e.record, "signal", "9"));
        stopping.signal(e, e.live.orElseThrow(), 9);
      } else {
        e.cancelRestart();
        removeLocked(e, withVolumes);
        return;
      }
    } finally {
      e.lock.unlock();
    }
    if (!Stopping.waitFor(exit, Duration.ofSeconds(30))) {
      throw new EngineException.TimedOut(
          "container " + e.name() + " did not end within 30 s of SIGKILL: it is not removed");
    }
    e.lock.lock();
    try {
      if (!e.removed.isDone()) {
        e.cancelRestart();
        removeLocked(e, withVolumes);
      }
    } finally {
      e.lock.unlock();
    }
  }

  /** Removes what does not run. Holds the lock. */
  void removeLocked(Entry e, boolean withVolumes) {
    ContainerRecord c = e.record;
    Durability durability = States.durability(c);
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
      clearing.clear(e, e.live);
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
      Clearing.attempt(e, "its volumes", () -> volumes.eraseDoomed(doomed));
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
        states.save(e, dead, Durability.PROCESS);
      } catch (RuntimeException alsoThat) {
        why.addSuppressed(alsoThat);
      }
      throw why;
    }
  }

  /**
   * Removes a container that ran to be removed. Whoever waits for it is told as soon as its name
   * and its ports are free and its record is gone; what it leaves, which nobody can name any more,
   * goes right after that. After a crash in between, {@link Recovery} finds a sandbox, a snapshot
   * and directories without a record, and removes them.
   */
  void removeEnded(Entry e, Live live, CompletableFuture<ExitStatus> exit, ExitStatus last) {
    ContainerRecord c = e.record;
    if (Starter.networked(c) && !Clearing.attempt(e, "its network", () -> hub.peers.detach(e.id))) {
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
    clearing.clear(e, live);
    boolean all = e.live.isEmpty();
    all &= Clearing.attempt(e, "its files", () -> hub.images.snapshots().remove(c.id()));
    all &= Clearing.attempt(e, "its images", () -> imageVolumes.remove(c));
    all &=
        Clearing.attempt(e, "its directory", () -> hub.trees.remove(hub.layout.container(c.id())));
    all &= Clearing.attempt(e, "its volumes", () -> volumes.eraseDoomed(doomed));
    if (!all && tries < 5) {
      var _ =
          hub.later(
              Duration.ofMillis(200L << tries), () -> clearRemoved(e, e.live, doomed, tries + 1));
    }
  }
}

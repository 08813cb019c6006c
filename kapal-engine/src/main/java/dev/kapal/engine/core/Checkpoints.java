package dev.kapal.engine.core;

import dev.kapal.engine.Checkpoint;
import dev.kapal.engine.EngineException;
import dev.kapal.engine.store.ContainerRecord;
import dev.kapal.runtime.CheckpointSpec;
import dev.kapal.runtime.ContainerSpec.Restore;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/** Saving containers, and finding what they can go on from. */
final class Checkpoints {
  private final Hub hub;
  private final Lifecycle lifecycle;

  Checkpoints(Hub hub, Lifecycle lifecycle) {
    this.hub = hub;
    this.lifecycle = lifecycle;
  }

  private CheckpointStore store(Entry e, Optional<Path> directory) {
    directory
        .filter(d -> !d.isAbsolute())
        .ifPresent(d -> {
          throw new EngineException.InvalidArgument(
              "checkpoint directory \"" + d + "\" is not an absolute path");
        });
    return new CheckpointStore(
        hub.linux.descriptors(), hub.trees, directory.orElse(hub.layout.checkpoints(e.id)));
  }

  /** Refuses what no runtime could go on with. */
  static void checkSavable(Entry e) {
    if (e.record.spec().process().tty()) {
      throw new EngineException.Conflict(
          "container "
              + e.name()
              + " has a terminal, which cannot be saved: run it without --tty to save it");
    }
  }

  void create(Entry e, Checkpoint.Request request) {
    CheckpointStore.checkName(request.name());
    CheckpointStore store = store(e, request.directory());
    e.lock.lock();
    try {
      ContainerRecord c = e.record;
      States.running(e);
      checkSavable(e);
      if (c.spec().autoRemove() && !request.leaveRunning() && request.directory().isEmpty()) {
        throw new EngineException.Conflict(
            "container "
                + c.name()
                + " is removed when it ends, and the checkpoint with it: use --leave-running or --checkpoint-dir");
      }
      CheckpointStore.Kept kept =
          new CheckpointStore.Kept(
              1,
              request.name(),
              c.id(),
              c.runtime(),
              Instant.now().toString(),
              request.tcpEstablished(),
              true,
              !Starter.networked(c));
      store.create(
          kept,
          images ->
              lifecycle
                  .pausing()
                  .checkpoint(
                      e,
                      new CheckpointSpec(
                          images,
                          request.leaveRunning(),
                          kept.tcpEstablished(),
                          kept.fileLocks(),
                          kept.interfaces())));
      hub.events.publish(
          "container", "checkpoint", c.id(), EventAttributes.of(c, "checkpoint", request.name()));
    } finally {
      e.lock.unlock();
    }
  }

  List<Checkpoint> list(Entry e, Optional<Path> directory) {
    return store(e, directory).list().stream().map(CheckpointStore.Kept::shown).toList();
  }

  void remove(Entry e, Checkpoint.Ref ref) {
    e.lock.lock();
    try {
      if (!store(e, ref.directory()).remove(ref.name())) {
        throw unknown(e, ref);
      }
    } finally {
      e.lock.unlock();
    }
  }

  private static EngineException unknown(Entry e, Checkpoint.Ref ref) {
    return new EngineException.NotFound(
        "container "
            + e.name()
            + " has no checkpoint "
            + ref.name()
            + ref.directory().map(d -> " in " + d).orElse(""));
  }

  /** What a start is to go on from. */
  Restore find(Entry e, Checkpoint.Ref ref) {
    CheckpointStore store = store(e, ref.directory());
    CheckpointStore.Kept kept = store.find(ref.name()).orElseThrow(() -> unknown(e, ref));
    if (!kept.runtime().equals(e.record.runtime())) {
      throw new EngineException.Conflict(
          "checkpoint "
              + kept.name()
              + " was made by the runtime "
              + kept.runtime()
              + ", and container "
              + e.name()
              + " has "
              + e.record.runtime()
              + ": only the same one can go on from it");
    }
    return store.restore(kept);
  }
}

package dev.kapal.engine.core;

import dev.kapal.engine.ContainerInfo.Health;
import dev.kapal.engine.Containers.ExitStatus;
import dev.kapal.engine.store.ContainerRecord;
import dev.kapal.engine.store.RunState;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Future;
import java.util.concurrent.locks.ReentrantLock;

/**
 * A container in memory. Whoever changes anything of it holds {@link #lock}; anybody may read, and
 * sees values that were true at one moment each. Nobody waits for a process while holding the lock.
 */
final class Entry {
  final String id;
  final Layout layout;
  final ReentrantLock lock = new ReentrantLock();
  volatile ContainerRecord record;
  volatile RunState state;

  /** Whether it is there for others: its making is complete. */
  volatile boolean published = true;

  /** What runs; from the sandbox's making until all of it is cleared away. */
  volatile Optional<Live> live = Optional.empty();

  volatile Optional<Health> health = Optional.empty();

  /** As it was last shown. */
  volatile Optional<Describe.Described> described = Optional.empty();

  /** Ends with the present run, or the next one when none runs. */
  volatile CompletableFuture<ExitStatus> exit = new CompletableFuture<>();

  /** Done when the container is no more. */
  final CompletableFuture<ExitStatus> removed = new CompletableFuture<>();

  /** Attachments that wait for the start. */
  final List<HeldAttachment> held = new ArrayList<>();

  /** Running execs. */
  final Set<String> execs = ConcurrentHashMap.newKeySet();

  /** The start that its policy has in mind. */
  Optional<Future<?>> restart = Optional.empty();

  /** The watcher of its health. */
  Optional<AutoCloseable> prober = Optional.empty();

  Entry(Layout layout, ContainerRecord record, RunState state) {
    this.layout = layout;
    this.id = record.id();
    this.record = record;
    this.state = state;
  }

  String name() {
    return record.name();
  }

  /** How its last run ended. */
  ExitStatus lastExit() {
    return new ExitStatus(state.exitCode(), state.oomKilled(), state.error());
  }

  /** Its policy starts it no more. Holds the lock. */
  void cancelRestart() {
    restart.ifPresent(f -> f.cancel(false));
    restart = Optional.empty();
  }
}

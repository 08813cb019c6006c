package dev.kapal.engine.core;

import dev.kapal.engine.store.PodRecord;
import dev.kapal.network.Attachment;
import dev.kapal.runtime.Sandbox;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;

/**
 * A pod in memory. Whoever changes anything of it holds {@link #lock}; anybody may read. A
 * container's lock is never taken while holding it.
 */
final class PodEntry {
  final String id;
  final ReentrantLock lock = new ReentrantLock();
  volatile PodRecord record;

  /** The sandbox, until it is cleared away. */
  volatile Optional<Sandbox> sandbox = Optional.empty();

  volatile Optional<Attachment> network = Optional.empty();

  /** Its making is complete. */
  volatile boolean published = true;

  PodEntry(PodRecord record) {
    this.id = record.id();
    this.record = record;
  }

  /** Whether it takes containers. */
  boolean ready() {
    return record.ready() && sandbox.filter(Sandbox::alive).isPresent();
  }
}

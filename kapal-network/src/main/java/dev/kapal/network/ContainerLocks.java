package dev.kapal.network;

import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;

/** One lock per container, kept only while somebody holds or awaits it. */
final class ContainerLocks {
  private static final class Entry {
    final ReentrantLock lock = new ReentrantLock();
    int users;
  }

  private final Map<String, Entry> entries = new HashMap<>();

  <T> T locked(String containerId, Supplier<T> work) {
    Entry entry;
    synchronized (entries) {
      entry = entries.computeIfAbsent(containerId, k -> new Entry());
      entry.users++;
    }
    entry.lock.lock();
    try {
      return work.get();
    } finally {
      entry.lock.unlock();
      synchronized (entries) {
        entry.users--;
        if (entry.users == 0) {
          entries.remove(containerId);
        }
      }
    }
  }
}

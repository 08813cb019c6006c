package dev.kapal.engine.core;

import dev.kapal.engine.ContainerInfo;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;

/** Those who want to hear of each state of a container. They are called on one thread, in order. */
final class Watchers {
  private static final System.Logger LOG = System.getLogger(Watchers.class.getName());

  private final Map<String, List<Consumer<ContainerInfo>>> byId = new ConcurrentHashMap<>();
  private final java.util.concurrent.ExecutorService thread =
      java.util.concurrent.Executors.newSingleThreadExecutor(
          Thread.ofPlatform().daemon().name("kapal-engine-watchers").factory());

  AutoCloseable watch(String id, Consumer<ContainerInfo> listener) {
    byId.computeIfAbsent(id, k -> new CopyOnWriteArrayList<>()).add(listener);
    return () -> {
      List<Consumer<ContainerInfo>> all = byId.get(id);
      if (all != null) {
        all.remove(listener);
      }
    };
  }

  void changed(Entry e) {
    List<Consumer<ContainerInfo>> all = byId.get(e.id);
    if (all == null || all.isEmpty()) {
      return;
    }
    ContainerInfo info = Describe.container(e);
    for (Consumer<ContainerInfo> l : all) {
      thread.execute(() -> {
        try {
          l.accept(info);
        } catch (RuntimeException ex) {
          LOG.log(System.Logger.Level.WARNING, "a listener failed", ex);
        }
      });
    }
  }

  void gone(Entry e) {
    byId.remove(e.id);
  }

  void close() {
    thread.shutdownNow();
  }
}

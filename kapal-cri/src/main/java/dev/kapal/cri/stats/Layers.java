package dev.kapal.cri.stats;

import dev.kapal.engine.Containers;
import dev.kapal.engine.Containers.DiskUse;
import dev.kapal.engine.EngineException;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/**
 * What containers' writable layers take. Measuring walks their files, so it is done again only
 * after a while, the longer the longer it took, and then behind the caller's back.
 */
final class Layers implements AutoCloseable {
  private static final Duration AGE = Duration.ofSeconds(10);

  /** A walk may take this part of the time at most. */
  private static final int SHARE = 50;

  private final Containers containers;
  private final Map<String, Measured> known = new ConcurrentHashMap<>();
  private final ExecutorService walker =
      new ThreadPoolExecutor(
          0,
          1,
          30,
          TimeUnit.SECONDS,
          new LinkedBlockingQueue<>(),
          Thread.ofPlatform().daemon().name("cri-sizes").factory());

  /**
   * A layer's size.
   *
   * @param at when it was known, of {@link System#nanoTime}
   * @param until how long it is good
   * @param wall the moment in milliseconds since 1970
   */
  record Measured(DiskUse use, long at, long until, long wall) {}

  Layers(Containers containers) {
    this.containers = containers;
  }

  /** A container's; empty when it is gone. */
  Optional<Measured> of(String id) {
    Measured before = known.get(id);
    if (before == null) {
      return measure(id);
    }
    if (System.nanoTime() - before.until > 0) {
      // Good for a moment more, so that it is measured once and not by each who asks.
      known.replace(
          id,
          before,
          new Measured(before.use, before.at, System.nanoTime() + AGE.toNanos(), before.wall));
      walker.execute(() -> measure(id));
    }
    return Optional.of(before);
  }

  private Optional<Measured> measure(String id) {
    long began = System.nanoTime();
    try {
      DiskUse use = containers.size(id);
      long now = System.nanoTime();
      Measured measured =
          new Measured(
              use,
              now,
              now + Math.max(AGE.toNanos(), SHARE * (now - began)),
              System.currentTimeMillis());
      known.put(id, measured);
      return Optional.of(measured);
    } catch (EngineException e) {
      known.remove(id);
      return Optional.empty();
    }
  }

  /** Forgets all others than these. */
  void retain(Set<String> ids) {
    known.keySet().retainAll(ids);
  }

  @Override
  public void close() {
    walker.shutdownNow();
  }
}

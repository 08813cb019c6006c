package dev.kapal.engine.core;

import dev.kapal.engine.EngineConfig;
import dev.kapal.engine.EngineException;
import dev.kapal.engine.config.HostFacts;
import dev.kapal.engine.files.TreeRemove;
import dev.kapal.engine.store.Database;
import dev.kapal.image.Images;
import dev.kapal.linux.Linux;
import dev.kapal.linux.Poller;
import dev.kapal.network.Networks;
import dev.kapal.runtime.Runtime;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;

/**
 * What all parts of the engine share. Owns its threads: a pool for work that waits (system calls
 * would pin a virtual thread's carrier), one for time, one for descriptors.
 */
final class Hub implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger(Hub.class.getName());

  /** Replaced as a whole when the defaults change; the places in it never do. */
  volatile EngineConfig config;

  final Layout layout;
  final Database database;
  final Images images;

  /** By name; some may come later, none ever goes: containers may have it. */
  final Map<String, Runtime> runtimes;

  final Observing observing = new Observing();
  final Networks networks;
  final PeerNames peers;
  final Linux linux;
  final HostFacts facts;
  final EventLog events;
  final Index index;
  final PodIndex pods = new PodIndex();
  final TreeRemove trees;
  final Poller poller;
  final ExecutorService pool =
      Executors.newCachedThreadPool(
          Thread.ofPlatform().daemon().name("kapal-engine-", 1).factory());
  private final ScheduledExecutorService timer;
  private final AtomicLong trashed = new AtomicLong(System.nanoTime());

  /**
   * Recovery is over. What happens in the background, restarts above all, waits for it: recovery
   * removes what belongs to nothing that runs, and must not meet what is just beginning to.
   */
  final CountDownLatch recovered = new CountDownLatch(1);

  /** Nothing starts by itself any more. */
  final AtomicBoolean closing = new AtomicBoolean();

  /** Containers that end stay so: all are being stopped. */
  final AtomicBoolean noRestarts = new AtomicBoolean();

  Hub(
      EngineConfig config,
      Layout layout,
      Database database,
      Images images,
      Map<String, Runtime> runtimes,
      Networks networks,
      Linux linux,
      HostFacts facts,
      Index index,
      EventLog events) {
    this.config = config;
    this.layout = layout;
    this.database = database;
    this.images = images;
    this.runtimes = new ConcurrentHashMap<>(runtimes);
    this.networks = new ObservedNetworks(networks, observing);
    this.peers = new PeerNames(this.networks, index, layout, linux.descriptors());
    this.linux = linux;
    this.facts = facts;
    this.index = index;
    this.events = events;
    this.trees = new TreeRemove(linux.descriptors());
    this.poller = linux.newPoller("kapal-engine-poller");
    ScheduledThreadPoolExecutor t =
        new ScheduledThreadPoolExecutor(
            1, Thread.ofPlatform().daemon().name("kapal-engine-timer").factory());
    t.setRemoveOnCancelPolicy(true);
    this.timer = t;
  }

  /** Runs something on the pool after a while. */
  Future<?> later(Duration delay, Runnable task) {
    return timer.schedule(() -> background(task), delay.toNanos(), TimeUnit.NANOSECONDS);
  }

  /** Runs something on the pool; what it throws is logged. */
  void background(Runnable task) {
    if (closing.get()) {
      return;
    }
    pool.execute(() -> {
      try {
        recovered.await();
        task.run();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      } catch (RuntimeException e) {
        if (!closing.get()) {
          LOG.log(System.Logger.Level.WARNING, "work in the background failed", e);
        }
      }
    });
  }

  /**
   * The runtime of a name.
   *
   * @throws EngineException.InvalidArgument there is none such
   */
  Runtime runtime(String name) {
    Runtime r = runtimes.get(name);
    if (r == null) {
      throw new EngineException.InvalidArgument(
          "there is no runtime \""
              + name
              + "\": use one of "
              + String.join(", ", runtimes.keySet().stream().sorted().toList()));
    }
    return r;
  }

  /** Removes a path of the engine's own: at once out of sight, its contents by and by. */
  void discard(Path path) {
    if (!Files.exists(path, java.nio.file.LinkOption.NOFOLLOW_LINKS)) {
      return;
    }
    Path to = layout.trash().resolve(Long.toHexString(trashed.incrementAndGet()));
    try {
      Files.move(path, to, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      throw Layout.failure("remove", path, e);
    }
    background(() -> trees.remove(to));
  }

  @Override
  public void close() {
    closing.set(true);
    recovered.countDown();
    timer.shutdownNow();
    pool.shutdown();
    try {
      // Records of what just happened are being written: a moment for that.
      if (!pool.awaitTermination(2, TimeUnit.SECONDS)) {
        pool.shutdownNow();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    poller.close();
  }
}

package dev.kapal.image.registry.client;

import dev.kapal.image.registry.RegistryException;
import dev.kapal.image.registry.RegistryException.Cancelled;
import dev.kapal.image.registry.RegistryException.LocalFailure;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletionService;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorCompletionService;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

/** Transfers several blobs, some at a time, in their order; the first failure stops the others. */
final class Together {
  private static final long STOP_SECONDS = 10;

  private Together() {}

  /**
   * Runs them all.
   *
   * @param what is done, as in "the download of X"
   */
  static void run(int atATime, String what, List<Runnable> transfers) {
    ExecutorService pool =
        Executors.newFixedThreadPool(atATime, Thread.ofVirtual().name("blob-", 0).factory());
    try {
      CompletionService<Boolean> running = new ExecutorCompletionService<>(pool);
      for (Runnable transfer : transfers) {
        running.submit(transfer, true);
      }
      for (int i = 0; i < transfers.size(); i++) {
        running.take().get();
      }
    } catch (ExecutionException e) {
      if (e.getCause() instanceof RegistryException known) {
        throw known;
      }
      throw new LocalFailure(what + " failed: " + e.getCause(), Optional.of(e));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new Cancelled(what + " was interrupted");
    } finally {
      stop(pool, what);
    }
  }

  private static void stop(ExecutorService pool, String what) {
    pool.shutdownNow();
    boolean interrupted = Thread.interrupted();
    try {
      if (!pool.awaitTermination(STOP_SECONDS, TimeUnit.SECONDS)) {
        System.getLogger(Together.class.getName())
            .log(System.Logger.Level.WARNING, "{0} does not stop", what);
      }
    } catch (InterruptedException e) {
      interrupted = true;
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}

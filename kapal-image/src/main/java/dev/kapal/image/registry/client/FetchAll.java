package dev.kapal.image.registry.client;

import dev.kapal.image.registry.BlobTarget;
import dev.kapal.image.registry.Registry;
import dev.kapal.image.registry.Registry.Listeners;
import dev.kapal.image.registry.RegistryException;
import dev.kapal.image.registry.RegistryException.Cancelled;
import dev.kapal.image.registry.RegistryException.LocalFailure;
import dev.kapal.image.registry.RepositoryName;
import dev.kapal.oci.Descriptor;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletionService;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorCompletionService;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

/** Fetches several blobs, some at a time, in their order; the first failure stops the others. */
final class FetchAll {
  private static final long STOP_SECONDS = 10;

  private FetchAll() {}

  static void run(
      Registry registry,
      int atATime,
      RepositoryName repository,
      List<Descriptor> blobs,
      BlobTarget target,
      Listeners listeners) {
    Map<String, Descriptor> distinct = new LinkedHashMap<>();
    blobs.forEach(blob -> distinct.putIfAbsent(blob.digest().toString(), blob));
    ExecutorService pool =
        Executors.newFixedThreadPool(atATime, Thread.ofVirtual().name("fetch-", 0).factory());
    try {
      CompletionService<Descriptor> running = new ExecutorCompletionService<>(pool);
      for (Descriptor blob : distinct.values()) {
        running.submit(() -> registry.fetch(repository, blob, target, listeners.of(blob)), blob);
      }
      for (int i = 0; i < distinct.size(); i++) {
        running.take().get();
      }
    } catch (ExecutionException e) {
      if (e.getCause() instanceof RegistryException known) {
        throw known;
      }
      throw new LocalFailure("the download failed: " + e.getCause(), Optional.of(e));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new Cancelled("the download of " + repository + " was interrupted");
    } finally {
      stop(pool);
    }
  }

  private static void stop(ExecutorService pool) {
    pool.shutdownNow();
    boolean interrupted = Thread.interrupted();
    try {
      if (!pool.awaitTermination(STOP_SECONDS, TimeUnit.SECONDS)) {
        System.getLogger(FetchAll.class.getName())
            .log(System.Logger.Level.WARNING, "a download does not stop");
      }
    } catch (InterruptedException e) {
      interrupted = true;
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}

package dev.kapal.image.local;

import dev.kapal.image.Image;
import dev.kapal.image.ImageException;
import dev.kapal.image.Lease;
import dev.kapal.image.ProgressListener;
import dev.kapal.image.ProgressListener.State;
import dev.kapal.image.layers.LayerMeta;
import dev.kapal.image.layers.LayerSpec;
import dev.kapal.oci.Descriptor;
import dev.kapal.oci.ImageConfig;
import dev.kapal.oci.Manifest;
import dev.kapal.oci.MediaTypes;
import dev.kapal.oci.Reference;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionService;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorCompletionService;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Lock;

/** Unpacks the layers of an image, all at a time, while they may still be arriving. */
final class Installer {
  private final StoreParts parts;

  Installer(StoreParts parts) {
    this.parts = parts;
  }

  /** Refuses what is no image that can be run, before its layers are fetched. */
  static void check(Manifest manifest, ImageConfig config, String name) {
    if (manifest.layers().size() != config.rootfs().diffIds().size()) {
      throw new ImageException.Refused(
          "image "
              + name
              + " has "
              + manifest.layers().size()
              + " layers, but its configuration lists "
              + config.rootfs().diffIds().size());
    }
    for (Descriptor layer : manifest.layers()) {
      if (!MediaTypes.isLayer(layer.mediaType()) || layer.mediaType().contains("encrypted")) {
        throw new ImageException.Refused(
            "image " + name + " has a layer of the kind " + layer.mediaType() + ", not taken");
      }
    }
  }

  /** Refuses a manifest that is no image's. */
  static void checkConfig(Manifest manifest, String name) {
    if (!MediaTypes.isConfig(manifest.config().mediaType())) {
      throw new ImageException.Refused(
          name
              + " is no image that can be run, but an artifact of the kind "
              + manifest.artifactType().orElse(manifest.config().mediaType()));
    }
  }

  /**
   * Unpacks what is not unpacked.
   *
   * @param download brings the blobs that are missing, at the same time
   */
  List<LayerMeta> unpack(
      List<LayerSpec> specs, Optional<Runnable> download, Lease lease, ProgressListener progress) {
    specs.forEach(spec -> lease.add(spec.chainId()));
    specs.forEach(spec -> lease.add(spec.blob().digest()));
    List<CompletableFuture<LayerMeta>> futures = new ArrayList<>();
    ExecutorService threads =
        Executors.newThreadPerTaskExecutor(
            Thread.ofPlatform().daemon().name("unpack-", 0).factory());
    CompletionService<Void> work = new ExecutorCompletionService<>(threads);
    int tasks = 0;
    try {
      if (download.isPresent()) {
        work.submit(download.get(), null);
        tasks++;
      }
      for (LayerSpec spec : specs) {
        CompletableFuture<LayerMeta> future = new CompletableFuture<>();
        Optional<CompletableFuture<LayerMeta>> parent =
            futures.isEmpty() ? Optional.empty() : Optional.of(futures.getLast());
        futures.add(future);
        Optional<LayerMeta> there = parts.layers().find(spec.chainId());
        if (there.isPresent()) {
          future.complete(there.get());
          continue;
        }
        work.submit(() -> unpackOne(spec, future, parent, progress), null);
        tasks++;
      }
      for (; tasks > 0; tasks--) {
        work.take().get();
      }
    } catch (InterruptedException e) {
      stop(threads);
      Thread.currentThread().interrupt();
      throw new ImageException.Failed("interrupted while unpacking an image", e);
    } catch (ExecutionException e) {
      stop(threads);
      if (e.getCause() instanceof RuntimeException cause) {
        throw cause;
      }
      throw new ImageException.Failed("cannot unpack an image: " + e.getMessage(), e);
    } finally {
      threads.shutdown();
    }
    return futures.stream().map(CompletableFuture::join).toList();
  }

  private void unpackOne(
      LayerSpec spec,
      CompletableFuture<LayerMeta> future,
      Optional<CompletableFuture<LayerMeta>> parent,
      ProgressListener progress) {
    try {
      future.complete(parts.layers().ensure(spec, parent, progress));
      long size = spec.blob().size();
      progress.on(new ProgressListener.Layer(spec.blob().digest(), State.DONE, size, size));
    } catch (RuntimeException | Error e) {
      future.completeExceptionally(e);
      throw e;
    }
  }

  /** Stops the work and waits until nobody touches the store any more. */
  private static void stop(ExecutorService threads) {
    threads.shutdownNow();
    boolean interrupted = false;
    while (true) {
      try {
        if (threads.awaitTermination(1, TimeUnit.MINUTES)) {
          break;
        }
      } catch (InterruptedException _) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  /** Makes an unpacked image known. */
  Image register(
      Descriptor manifest,
      Manifest document,
      List<LayerMeta> layers,
      List<Reference> names,
      List<Reference> repoDigests) {
    Lock lock = parts.lock().readLock();
    lock.lock();
    try {
      parts
          .catalogue()
          .put(
              new CatalogueEntry(
                  document.config().digest(),
                  manifest,
                  names,
                  repoDigests,
                  layers.stream().mapToLong(LayerMeta::fileBytes).sum(),
                  Instant.now()));
      return parts.image(parts.entry(document.config().digest()));
    } finally {
      lock.unlock();
    }
  }
}

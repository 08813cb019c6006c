package dev.kapal.image.local;

import dev.kapal.image.ImageException;
import dev.kapal.image.layers.Chain;
import dev.kapal.image.layers.LayerMeta;
import dev.kapal.image.layers.SnapshotStore;
import dev.kapal.linux.FaultPoint;
import dev.kapal.oci.Digest;
import dev.kapal.oci.Manifest;
import dev.kapal.oci.OciException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;

/**
 * Removes content that nothing needs: mark from the catalogue, the snapshots and the leases, and
 * sweep. What is swept vanishes under the store's write lock; its files are removed after.
 */
final class Collector {
  private final StoreParts parts;
  private final SnapshotStore snapshots;
  private final Duration grace;

  Collector(StoreParts parts, SnapshotStore snapshots, Duration grace) {
    this.parts = parts;
    this.snapshots = snapshots;
    this.grace = grace;
  }

  /** Removes what is not needed of these blobs, and all layers that are not. */
  long collect(Set<Digest> candidates) {
    long freed = sweep(candidates::contains);
    parts.catalogue().collected(candidates);
    return freed;
  }

  /** Finishes removals that a crash cut off. */
  void finish() {
    Set<Digest> doomed = parts.catalogue().doomed();
    if (!doomed.isEmpty()) {
      collect(doomed);
    }
  }

  /** A snapshot is gone: so are layers that it alone needed. */
  void released(Digest image) {
    if (parts.catalogue().find(image).isEmpty()) {
      collect(Set.of());
    }
  }

  /** Removes all that is not needed and older than the grace period. */
  long collectAll() {
    Instant before = Instant.now().minus(grace);
    long freed = parts.content().dropIngests(before);
    return freed
        + sweep(digest -> parts.content().changed(digest).map(before::isAfter).orElse(false));
  }

  /** The blobs that an image is made of. */
  Set<Digest> blobs(CatalogueEntry entry) {
    Set<Digest> all = new HashSet<>();
    all.add(entry.manifest().digest());
    all.add(entry.id());
    Manifest manifest = parts.manifest(entry);
    manifest.layers().forEach(layer -> all.add(layer.digest()));
    return all;
  }

  private long sweep(Predicate<Digest> candidate) {
    List<Runnable> later = new ArrayList<>();
    long freed = 0;
    parts.lock().writeLock().lock();
    try {
      Set<Digest> blobs = new HashSet<>();
      Set<Digest> chains = new HashSet<>();
      for (CatalogueEntry entry : parts.catalogue().list()) {
        try {
          blobs.addAll(blobs(entry));
          chains.addAll(Chain.ids(parts.config(entry.id()).rootfs().diffIds()));
        } catch (ImageException | OciException _) {
          // A damaged image says nothing of what it needs: remove nothing before it is mended.
          return 0;
        }
      }
      snapshots.tops().forEach(top -> keepChain(top, chains));
      for (Digest digest : parts.content().list()) {
        if (!blobs.contains(digest)
            && candidate.test(digest)
            && !parts.content().leases().holds(digest)) {
          freed += parts.content().size(digest).orElse(0L);
          parts.content().delete(digest);
          parts.configs().remove(digest);
          FaultPoint.reach("rmi.blob");
        }
      }
      for (LayerMeta layer : parts.layers().list()) {
        if (!chains.contains(layer.chainId()) && !parts.content().leases().holds(layer.chainId())) {
          freed += layer.fileBytes();
          later.add(parts.layers().remove(layer.chainId()));
        }
      }
    } finally {
      parts.lock().writeLock().unlock();
    }
    later.forEach(Runnable::run);
    FaultPoint.reach("rmi.collected");
    return freed;
  }

  private void keepChain(Digest top, Set<Digest> chains) {
    Optional<Digest> at = Optional.of(top);
    while (at.isPresent()) {
      chains.add(at.get());
      at = parts.layers().find(at.get()).flatMap(LayerMeta::parent);
    }
  }
}

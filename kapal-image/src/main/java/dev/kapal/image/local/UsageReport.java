package dev.kapal.image.local;

import dev.kapal.image.DiskUsage;
import dev.kapal.image.HistoryItem;
import dev.kapal.image.Snapshots;
import dev.kapal.image.layers.Chain;
import dev.kapal.image.layers.LayerMeta;
import dev.kapal.oci.Digest;
import dev.kapal.oci.HistoryEntry;
import dev.kapal.oci.ImageConfig;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** What images take, and how they came to be. */
final class UsageReport {
  private final StoreParts parts;
  private final Snapshots snapshots;

  UsageReport(StoreParts parts, Snapshots snapshots) {
    this.parts = parts;
    this.snapshots = snapshots;
  }

  List<HistoryItem> history(CatalogueEntry entry) {
    ImageConfig config = parts.config(entry.id());
    List<Digest> chain = Chain.ids(config.rootfs().diffIds());
    List<HistoryItem> items = new ArrayList<>();
    int layer = 0;
    for (HistoryEntry step : config.history()) {
      long size = 0;
      if (!step.emptyLayer() && layer < chain.size()) {
        size = bytes(chain.get(layer++));
      }
      items.add(new HistoryItem(Optional.empty(), List.of(), step, size));
    }
    for (; layer < chain.size(); layer++) {
      HistoryEntry unknown = new HistoryEntry(config.created(), "", "", "", false);
      items.add(new HistoryItem(Optional.empty(), List.of(), unknown, bytes(chain.get(layer))));
    }
    if (!items.isEmpty()) {
      HistoryItem last = items.removeLast();
      items.add(new HistoryItem(Optional.of(entry.id()), entry.names(), last.entry(), last.size()));
    }
    return items.reversed();
  }

  private long bytes(Digest chain) {
    return parts.layers().find(chain).map(LayerMeta::fileBytes).orElse(0L);
  }

  DiskUsage usage() {
    Map<Digest, Integer> users = new HashMap<>();
    Map<Digest, List<Digest>> chains = new HashMap<>();
    for (CatalogueEntry entry : parts.catalogue().list()) {
      List<Digest> chain = Chain.ids(parts.config(entry.id()).rootfs().diffIds());
      chains.put(entry.id(), chain);
      chain.forEach(id -> users.merge(id, 1, Integer::sum));
    }
    List<DiskUsage.PerImage> images = new ArrayList<>();
    long reclaimable = 0;
    for (CatalogueEntry entry : parts.catalogue().list()) {
      long shared = 0;
      long own = 0;
      for (Digest id : chains.getOrDefault(entry.id(), List.of())) {
        if (users.getOrDefault(id, 0) > 1) {
          shared += bytes(id);
        } else {
          own += bytes(id);
        }
      }
      int containers = parts.users().of(entry.id()).size();
      if (containers == 0) {
        reclaimable += own;
      }
      images.add(new DiskUsage.PerImage(entry.id(), own + shared, shared, containers));
    }
    long blobs =
        parts.content().list().stream().mapToLong(d -> parts.content().size(d).orElse(0L)).sum();
    long layers = parts.layers().list().stream().mapToLong(LayerMeta::fileBytes).sum();
    long writable = snapshots.list().stream().mapToLong(key -> snapshots.usage(key).bytes()).sum();
    return new DiskUsage(blobs, layers, writable, reclaimable, images);
  }
}

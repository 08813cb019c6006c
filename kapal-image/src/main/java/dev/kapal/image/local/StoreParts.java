package dev.kapal.image.local;

import dev.kapal.image.Image;
import dev.kapal.image.ImageException;
import dev.kapal.image.ImageUsers;
import dev.kapal.image.layers.LayerStore;
import dev.kapal.image.store.FileContentStore;
import dev.kapal.linux.Descriptors;
import dev.kapal.oci.Digest;
import dev.kapal.oci.ImageConfig;
import dev.kapal.oci.Manifest;
import dev.kapal.oci.OciJson;
import java.time.Instant;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReadWriteLock;

/**
 * The parts of one store, as the operations on it share them.
 *
 * @param content blobs
 * @param layers unpacked
 * @param catalogue names
 * @param lock for reading while something comes to need content, for writing while some is removed
 * @param users what containers there are
 * @param calls Linux
 * @param configs configurations that were read, by id
 */
record StoreParts(
    FileContentStore content,
    LayerStore layers,
    Catalogue catalogue,
    ReadWriteLock lock,
    ImageUsers users,
    Descriptors calls,
    ConcurrentHashMap<Digest, ImageConfig> configs) {
  /** The configuration of an image. */
  ImageConfig config(Digest id) {
    return configs.computeIfAbsent(id, d -> OciJson.read(content.read(d), ImageConfig.class));
  }

  /** The manifest of an image. */
  Manifest manifest(CatalogueEntry entry) {
    return OciJson.read(content.read(entry.manifest().digest()), Manifest.class);
  }

  /** What callers see of an entry. */
  Image image(CatalogueEntry entry) {
    ImageConfig config = config(entry.id());
    return new Image(
        entry.id(),
        entry.names(),
        entry.repoDigests(),
        entry.manifest(),
        config,
        entry.size(),
        config.created().orElse(Instant.EPOCH),
        entry.stored());
  }

  /** An entry that must be there. */
  CatalogueEntry entry(Digest id) {
    return catalogue
        .find(id)
        .orElseThrow(() -> new ImageException.NotFound("the image " + id + " is gone"));
  }
}

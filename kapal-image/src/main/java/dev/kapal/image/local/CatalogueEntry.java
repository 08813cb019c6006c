package dev.kapal.image.local;

import dev.kapal.oci.Descriptor;
import dev.kapal.oci.Digest;
import dev.kapal.oci.Reference;
import java.time.Instant;
import java.util.List;

/**
 * What the catalogue says of an image.
 *
 * @param id digest of its configuration
 * @param manifest its manifest
 * @param names with tags
 * @param repoDigests with digests
 * @param size bytes of its files, unpacked
 * @param stored when it came
 */
record CatalogueEntry(
    Digest id,
    Descriptor manifest,
    List<Reference> names,
    List<Reference> repoDigests,
    long size,
    Instant stored) {
  CatalogueEntry {
    names = List.copyOf(names);
    repoDigests = List.copyOf(repoDigests);
  }

  CatalogueEntry withNames(List<Reference> newNames) {
    return new CatalogueEntry(id, manifest, newNames, repoDigests, size, stored);
  }

  CatalogueEntry withRepoDigests(List<Reference> newDigests) {
    return new CatalogueEntry(id, manifest, names, newDigests, size, stored);
  }
}

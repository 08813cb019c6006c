package dev.kapal.image;

import dev.kapal.oci.Descriptor;
import dev.kapal.oci.Digest;
import dev.kapal.oci.ImageConfig;
import dev.kapal.oci.Platform;
import dev.kapal.oci.Reference;
import java.time.Instant;
import java.util.List;
import java.util.Map;

/**
 * An image of the store.
 *
 * @param id digest of its configuration
 * @param names its names with tags; none for a dangling image
 * @param repoDigests {@code repository@digest} as registries know it
 * @param manifest its manifest in the store
 * @param config its configuration
 * @param size bytes of its files, unpacked
 * @param created when it was made, 1970 if it does not say
 * @param stored when it came into this store
 */
public record Image(
    Digest id,
    List<Reference> names,
    List<Reference> repoDigests,
    Descriptor manifest,
    ImageConfig config,
    long size,
    Instant created,
    Instant stored) {
  /** Copies. */
  public Image {
    names = List.copyOf(names);
    repoDigests = List.copyOf(repoDigests);
  }

  /** What it runs on. */
  public Platform platform() {
    return config.platform();
  }

  /** Its labels. */
  public Map<String, String> labels() {
    return config.config().labels();
  }

  /** Whether no name leads to it. */
  public boolean dangling() {
    return names.isEmpty();
  }
}

package dev.kapal.image;

import dev.kapal.oci.Digest;
import java.util.List;

/**
 * What images take on disk, in bytes.
 *
 * @param blobs compressed content
 * @param layers unpacked layers
 * @param snapshots writable layers of containers
 * @param reclaimable what {@code prune --all} would give back
 * @param images per image
 */
public record DiskUsage(
    long blobs, long layers, long snapshots, long reclaimable, List<PerImage> images) {
  /** Copies. */
  public DiskUsage {
    images = List.copyOf(images);
  }

  /**
   * One image.
   *
   * @param id the image
   * @param size its layers unpacked
   * @param shared the part of it that other images have too
   * @param users containers that use it
   */
  public record PerImage(Digest id, long size, long shared, int users) {}
}

package dev.kapal.image;

/** How images are written into a file. */
public enum ArchiveFormat {
  /** An OCI image layout as a tar (image-spec "Image Layout"). */
  OCI,
  /** What {@code docker save} writes: {@code manifest.json} and uncompressed layers. */
  DOCKER
}

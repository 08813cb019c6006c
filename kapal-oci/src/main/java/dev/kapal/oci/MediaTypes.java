package dev.kapal.oci;

import java.util.Set;

/** The media types of image-spec "Media Types", and Docker's that mean the same. */
public final class MediaTypes {
  /** An OCI index. */
  public static final String INDEX = "application/vnd.oci.image.index.v1+json";

  /** An OCI manifest. */
  public static final String MANIFEST = "application/vnd.oci.image.manifest.v1+json";

  /** An OCI image configuration. */
  public static final String CONFIG = "application/vnd.oci.image.config.v1+json";

  /** An uncompressed layer. */
  public static final String LAYER = "application/vnd.oci.image.layer.v1.tar";

  /** A gzip layer. */
  public static final String LAYER_GZIP = LAYER + "+gzip";

  /** A zstd layer. */
  public static final String LAYER_ZSTD = LAYER + "+zstd";

  /** An uncompressed layer that is not to be pushed elsewhere (deprecated, still met). */
  public static final String LAYER_FOREIGN =
      "application/vnd.oci.image.layer.nondistributable.v1.tar";

  /** The empty JSON object that artifacts use as configuration. */
  public static final String EMPTY = "application/vnd.oci.empty.v1+json";

  /** Docker's manifest list. */
  public static final String DOCKER_INDEX =
      "application/vnd.docker.distribution.manifest.list.v2+json";

  /** Docker's schema 2 manifest. */
  public static final String DOCKER_MANIFEST =
      "application/vnd.docker.distribution.manifest.v2+json";

  /** Docker's schema 1 manifest, which is refused. */
  public static final String DOCKER_MANIFEST_V1 =
      "application/vnd.docker.distribution.manifest.v1+json";

  /** Docker's signed schema 1 manifest, which is refused. */
  public static final String DOCKER_MANIFEST_V1_SIGNED =
      "application/vnd.docker.distribution.manifest.v1+prettyjws";

  /** Docker's image configuration. */
  public static final String DOCKER_CONFIG = "application/vnd.docker.container.image.v1+json";

  /** Docker's gzip layer. */
  public static final String DOCKER_LAYER_GZIP =
      "application/vnd.docker.image.rootfs.diff.tar.gzip";

  /** Docker's uncompressed layer. */
  public static final String DOCKER_LAYER = "application/vnd.docker.image.rootfs.diff.tar";

  /** Docker's zstd layer. */
  public static final String DOCKER_LAYER_ZSTD =
      "application/vnd.docker.image.rootfs.diff.tar.zstd";

  /** Docker's foreign layer. */
  public static final String DOCKER_LAYER_FOREIGN =
      "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip";

  private static final Set<String> INDEXES = Set.of(INDEX, DOCKER_INDEX);
  private static final Set<String> MANIFESTS = Set.of(MANIFEST, DOCKER_MANIFEST);
  private static final Set<String> CONFIGS = Set.of(CONFIG, DOCKER_CONFIG);

  private MediaTypes() {}

  /** Whether this is an index of manifests (OCI or Docker). */
  public static boolean isIndex(String mediaType) {
    return INDEXES.contains(mediaType);
  }

  /** Whether this is a manifest of one image (OCI or Docker schema 2). */
  public static boolean isManifest(String mediaType) {
    return MANIFESTS.contains(mediaType);
  }

  /** Whether this is the configuration of an image that can be run. */
  public static boolean isConfig(String mediaType) {
    return CONFIGS.contains(mediaType);
  }

  /** Whether this is a file system layer of an image that can be run. */
  public static boolean isLayer(String mediaType) {
    return mediaType.startsWith("application/vnd.oci.image.layer.")
        || mediaType.startsWith("application/vnd.docker.image.rootfs.");
  }

  /** Whether this layer may only be fetched from where its publisher keeps it. */
  public static boolean isForeign(String mediaType) {
    return mediaType.startsWith(LAYER_FOREIGN) || mediaType.equals(DOCKER_LAYER_FOREIGN);
  }
}

package dev.kapal.image.local;

import dev.kapal.oci.Reference;

/** The small image that comes with Kapal, so that something can run where no registry answers. */
final class EmbeddedImage {
  /** An OCI layout in a tar, made when Kapal is built. */
  static final String RESOURCE = "/dev/kapal/image/busybox.tar";

  static final String NAME = "localhost/busybox:latest";

  static final Reference REFERENCE = Reference.parse(NAME);

  private EmbeddedImage() {}

  /** Whether this is what the name means now; somebody may have given it to another image. */
  static boolean is(CatalogueEntry entry) {
    return entry.names().contains(REFERENCE);
  }
}

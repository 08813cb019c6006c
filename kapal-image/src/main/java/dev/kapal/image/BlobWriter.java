package dev.kapal.image;

import dev.kapal.image.registry.BlobSink;
import dev.kapal.oci.Descriptor;

/**
 * Writes one blob. Closed without a commit it keeps what was written, so that a later writer of the
 * same blob goes on from there, also after the process was killed.
 */
public interface BlobWriter extends BlobSink {
  /** What is expected. */
  Descriptor descriptor();
}

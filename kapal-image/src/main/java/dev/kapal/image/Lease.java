package dev.kapal.image;

import dev.kapal.oci.Digest;

/** Keeps blobs and layers from being collected while they are worked on. */
public interface Lease extends AutoCloseable {
  /** Keeps a blob, also one that is not here yet. */
  void add(Digest digest);

  /** Lets them be collected unless an image needs them. */
  @Override
  void close();
}

package dev.kapal.image.registry;

import dev.kapal.oci.Descriptor;
import java.io.IOException;
import java.util.Optional;

/** A store that takes blobs; downloads of the same digest into the same target are one download. */
@FunctionalInterface
public interface BlobTarget {

  /**
   * Opens the place for a blob, taking over what an earlier attempt left of it.
   *
   * @return empty if the target has the whole blob already
   */
  Optional<BlobSink> open(Descriptor blob) throws IOException;
}

package dev.kapal.image.local;

import dev.kapal.image.ImageException;
import dev.kapal.oci.Descriptor;
import dev.kapal.oci.Digest;
import java.util.Optional;

/** An archive or a folder with images, whose blobs the store can have. */
interface ArchiveContent {
  /** The longest list that is read. */
  int MAX_LIST = 4 << 20;

  /** A small file by its path. */
  Optional<byte[]> file(String path);

  /** A file of any size by its path, brought into the store. */
  Optional<Descriptor> blobAt(String path);

  /** Has a blob in the store. */
  default void need(Digest digest) {
    boolean found =
        blobAt("blobs/" + digest.algorithm() + "/" + digest.hex())
            .filter(blob -> blob.digest().equals(digest))
            .isPresent();
    if (!found) {
      throw new ImageException.Refused("the archive lacks the content " + digest);
    }
  }

  /** Whether the blob can be had. */
  boolean offers(Digest digest);
}

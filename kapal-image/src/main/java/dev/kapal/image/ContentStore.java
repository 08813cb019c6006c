package dev.kapal.image;

import dev.kapal.image.registry.BlobTarget;
import dev.kapal.oci.Descriptor;
import dev.kapal.oci.Digest;
import java.io.InputStream;
import java.util.List;
import java.util.Optional;

/** Content by digest. What is in here has been verified, is durable, and never changes. */
public interface ContentStore extends BlobTarget {
  /** Whether the whole blob is here. */
  boolean has(Digest digest);

  /** Its length in bytes. */
  Optional<Long> size(Digest digest);

  /**
   * Opens it for reading.
   *
   * @throws ImageException.NotFound if it is not here
   */
  InputStream open(Digest digest);

  /** Opens it for reading from an offset. */
  InputStream open(Digest digest, long offset);

  /**
   * Reads a small document and verifies its digest once more.
   *
   * @throws ImageException.NotFound if it is not here
   * @throws ImageException.Damaged if it is not what its digest says
   */
  byte[] read(Digest digest);

  /** Stores a document that is at hand. */
  Descriptor put(String mediaType, byte[] content);

  /**
   * Opens the one writer of a blob, continuing what an earlier attempt left.
   *
   * @return empty if the blob is here already
   * @throws ImageException.Conflict if another writer of the blob is open
   */
  Optional<BlobWriter> writer(Descriptor expected);

  /** All blobs. */
  List<Digest> list();

  /** Attempts that were not finished. */
  List<Ingest> ingests();

  /** Removes a blob whoever needs it; nothing happens if it is not here. */
  void delete(Digest digest);

  /** Begins a piece of work whose blobs must not be collected until it is closed. */
  Lease lease();
}

package dev.kapal.image.registry;

import dev.kapal.oci.Descriptor;
import java.io.ByteArrayInputStream;
import java.io.InputStream;

/**
 * A manifest or an index as the registry sent it, byte for byte, checked against its digest.
 *
 * <p>Choosing a platform from an index is the caller's business: resolve the index, choose, then
 * resolve the chosen entry by its digest.
 */
public final class ResolvedManifest {
  private final RepositoryName repository;
  private final Descriptor descriptor;
  private final byte[] content;
  private final String from;

  /** Takes the array over; the caller must not change it any more. */
  public ResolvedManifest(
      RepositoryName repository, Descriptor descriptor, byte[] content, String from) {
    this.repository = repository;
    this.descriptor = descriptor;
    this.content = content;
    this.from = from;
  }

  public RepositoryName repository() {
    return repository;
  }

  /** Media type, digest (our own hash of the bytes) and size. */
  public Descriptor descriptor() {
    return descriptor;
  }

  /** A copy of the document. */
  public byte[] content() {
    return content.clone();
  }

  public InputStream open() {
    return new ByteArrayInputStream(content);
  }

  /** The URL that answered: tells which mirror it was. */
  public String from() {
    return from;
  }

  @Override
  public String toString() {
    return repository + " " + descriptor.digest() + " from " + from;
  }
}

package dev.kapal.image.registry;

import java.io.IOException;
import java.io.InputStream;

/** The bytes of a blob to push; may be opened several times, from any offset (retries). */
@FunctionalInterface
public interface BlobSource {
  /** Opens the content at {@code offset} bytes from its start; the caller closes it. */
  InputStream open(long offset) throws IOException;
}

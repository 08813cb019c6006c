package dev.kapal.image.registry;

import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * Where one blob is written while it arrives. One thread owns a sink at a time.
 *
 * <p>The sink knows the digest it expects and hashes what it holds, including bytes left by an
 * earlier attempt (perhaps by a process that was killed); the client knows how to get the rest.
 */
public interface BlobSink extends AutoCloseable {

  /** Bytes held, those of earlier attempts included: the offset to continue at. */
  long size();

  /** Appends the buffer's remaining bytes, all of them. */
  void write(ByteBuffer bytes) throws IOException;

  /** Throws away everything held: the server could not continue, or the bytes were wrong. */
  void restart() throws IOException;

  /**
   * Verifies the digest and makes the blob part of the store, durably.
   *
   * @return false if the content does not have the expected digest; then nothing was stored and
   *     {@link #restart()} may follow
   */
  boolean commit() throws IOException;

  /** Lets go; without a commit before it, what was written is kept for a later attempt. */
  @Override
  void close() throws IOException;
}

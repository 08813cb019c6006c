package dev.kapal.image.tar;

import java.io.IOException;
import java.io.InputStream;

/**
 * Bytes that are looked at where they lie, so that content goes from the decompressor's buffer to
 * write(2) without a copy. One thread owns it.
 */
public interface ByteSource {
  /**
   * Makes at least one byte available.
   *
   * @return false at the end
   */
  boolean fill() throws IOException;

  /** The array that holds the available bytes. */
  byte[] array();

  /** Where they begin. */
  int offset();

  /** How many there are, perhaps 0. */
  int available();

  /** Passes over bytes that are available. */
  void consume(int count);

  /** Reads exactly so many bytes; false if the source ends before the first of them. */
  default boolean readFully(byte[] into, int length) throws IOException {
    int done = 0;
    while (done < length) {
      if (!fill()) {
        if (done == 0) {
          return false;
        }
        throw new TarException("the archive ends in the middle of a block");
      }
      int n = Math.min(length - done, available());
      System.arraycopy(array(), offset(), into, done, n);
      consume(n);
      done += n;
    }
    return true;
  }

  /** A source over a stream, which stays the caller's. */
  static ByteSource of(InputStream in) {
    return new StreamSource(in);
  }
}

package dev.kapal.image.unpack;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.util.zip.CRC32;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;
import java.util.zip.ZipException;

/**
 * Gzip (RFC 1952) with any number of members, larger buffers than the JDK's stream has, and zeros
 * allowed after the last member, as gzip(1) does. One thread owns it.
 */
final class GzipStream extends InputStream {
  private final InputStream in;
  private final Inflater inflater = new Inflater(true);
  private final CRC32 crc = new CRC32();
  private final byte[] buffer = new byte[64 * 1024];
  private int position;
  private int limit;
  private boolean ended;

  GzipStream(InputStream in) throws IOException {
    this.in = in;
    if (!member(true)) {
      throw new ZipException("not gzip");
    }
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
  }

  @Override
  public int read(byte[] into, int offset, int length) throws IOException {
    if (length == 0) {
      return 0;
    }
    try {
      while (!ended) {
        int n = inflater.inflate(into, offset, length);
        if (n > 0) {
          crc.update(into, offset, n);
          return n;
        }
        if (inflater.finished()) {
          position = limit - inflater.getRemaining();
          trailer();
          ended = !member(false);
        } else if (inflater.needsDictionary()) {
          throw new ZipException("gzip data asks for a dictionary");
        } else if (inflater.needsInput()) {
          refill();
          inflater.setInput(buffer, position, limit - position);
        }
      }
      return -1;
    } catch (DataFormatException e) {
      throw new ZipException("gzip data is damaged: " + e.getMessage());
    }
  }

  private void refill() throws IOException {
    int n = in.read(buffer, 0, buffer.length);
    if (n <= 0) {
      throw new EOFException("gzip data ends too early");
    }
    position = 0;
    limit = n;
  }

  private int next() throws IOException {
    if (position == limit) {
      refill();
    }
    return buffer[position++] & 0xff;
  }

  private long int32() throws IOException {
    return next() | next() << 8 | next() << 16 | (long) next() << 24;
  }

  private void trailer() throws IOException {
    if (int32() != crc.getValue()) {
      throw new ZipException("gzip data has a wrong checksum");
    }
    if (int32() != (inflater.getBytesWritten() & 0xffff_ffffL)) {
      throw new ZipException("gzip data has a wrong length");
    }
  }

  /** Reads the header of a member; false if there is none. */
  private boolean member(boolean first) throws IOException {
    int b = 0;
    while (b == 0) {
      if (position == limit) {
        int n = in.read(buffer, 0, buffer.length);
        if (n <= 0) {
          return false;
        }
        position = 0;
        limit = n;
      }
      b = next();
      if (first && b == 0) {
        throw new ZipException("not gzip");
      }
    }
    if (b != 0x1f || next() != 0x8b || next() != 8) {
      throw new ZipException("there is something that is not gzip after gzip data");
    }
    int flags = next();
    for (int i = 0; i < 6; i++) {
      next(); // mtime, extra flags, operating system
    }
    if ((flags & 4) != 0) {
      for (int n = next() | next() << 8; n > 0; n--) {
        next();
      }
    }
    for (int text = 8; text <= 16; text <<= 1) {
      if ((flags & text) != 0) {
        while (next() != 0) {
          // name, then comment
        }
      }
    }
    if ((flags & 2) != 0) {
      next();
      next();
    }
    crc.reset();
    inflater.reset();
    inflater.setInput(buffer, position, limit - position);
    return true;
  }

  @Override
  public void close() throws IOException {
    inflater.end();
    in.close();
  }
}

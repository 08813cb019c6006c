package dev.kapal.cli.output;

import dev.kapal.linux.Descriptors;
import dev.kapal.linux.ErrnoException;
import dev.kapal.linux.Fd;
import java.io.IOException;
import java.io.InputStream;

/** Reads from a descriptor that stays its owner's. Used by one thread. */
public final class FdInput extends InputStream {
  private final Descriptors descriptors;
  private final Fd fd;

  public FdInput(Descriptors descriptors, Fd fd) {
    this.descriptors = descriptors;
    this.fd = fd;
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) <= 0 ? -1 : one[0] & 0xff;
  }

  @Override
  public int read(byte[] buffer, int offset, int length) throws IOException {
    if (length == 0) {
      return 0;
    }
    try {
      int n = descriptors.read(fd, buffer, offset, length);
      return n <= 0 ? -1 : n;
    } catch (ErrnoException e) {
      throw new IOException(e.getMessage(), e);
    }
  }
}

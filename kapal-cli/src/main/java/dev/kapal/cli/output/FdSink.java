package dev.kapal.cli.output;

import dev.kapal.linux.Descriptors;
import dev.kapal.linux.Errno;
import dev.kapal.linux.ErrnoException;
import dev.kapal.linux.Fd;

/**
 * Writes to a descriptor of the client.
 *
 * @param descriptors the calls
 * @param fd where to; stays the caller's
 */
public record FdSink(Descriptors descriptors, Fd fd) implements Output.Sink {
  @Override
  public void write(byte[] bytes, int offset, int length) {
    try {
      descriptors.writeFully(fd, bytes, offset, length);
    } catch (ErrnoException e) {
      // EBADF: the client started with the stream closed (>&-). EIO: its terminal was hung up.
      if (e.is(Errno.EPIPE, Errno.EBADF, Errno.EIO, Errno.ECONNRESET)) {
        throw new StreamClosedException(e);
      }
      throw e;
    }
  }
}

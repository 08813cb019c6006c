package dev.kapal.image.store;

import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;

/** Reads a blob while it is being written, waiting for what is not there yet. */
final class Following extends InputStream {
  private final Growth growth;
  private final int generation;
  private final Path ingest;
  private final Path blob;
  private final Runnable closed;
  private Optional<FileChannel> file = Optional.empty();
  private long position;

  Following(Growth growth, Path ingest, Path blob, Runnable closed) {
    this.growth = growth;
    this.generation = growth.generation();
    this.ingest = ingest;
    this.blob = blob;
    this.closed = closed;
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
      long end = growth.await(position, generation);
      if (end <= position) {
        return -1;
      }
      int wanted = (int) Math.min(length, end - position);
      int n = channel().read(ByteBuffer.wrap(into, offset, wanted), position);
      growth.check(generation);
      if (n <= 0) {
        throw new IOException("the file of a blob is shorter than what was written to it");
      }
      position += n;
      return n;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      InterruptedIOException interrupted = new InterruptedIOException("waiting for a download");
      interrupted.initCause(e);
      throw interrupted;
    }
  }

  private FileChannel channel() throws IOException {
    if (file.isEmpty()) {
      try {
        file = Optional.of(FileChannel.open(ingest, StandardOpenOption.READ));
      } catch (java.nio.file.NoSuchFileException _) {
        file = Optional.of(FileChannel.open(blob, StandardOpenOption.READ));
      }
    }
    return file.get();
  }

  @Override
  public void close() throws IOException {
    closed.run();
    if (file.isPresent()) {
      file.get().close();
    }
  }
}

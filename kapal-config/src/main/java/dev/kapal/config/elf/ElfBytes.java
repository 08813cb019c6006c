package dev.kapal.config.elf;

import java.io.Closeable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.Optional;

/** A file's bytes, of which only small parts are ever in memory. Owned by one reader. */
final class ElfBytes implements Closeable {
  private final Optional<FileChannel> channel;
  private final byte[] memory;
  private final long size;

  private ElfBytes(Optional<FileChannel> channel, byte[] memory, long size) {
    this.channel = channel;
    this.memory = memory;
    this.size = size;
  }

  static ElfBytes open(Path file) throws IOException {
    FileChannel channel = FileChannel.open(file, StandardOpenOption.READ);
    return new ElfBytes(Optional.of(channel), new byte[0], channel.size());
  }

  static ElfBytes of(byte[] bytes) {
    return new ElfBytes(Optional.empty(), bytes, bytes.length);
  }

  long size() {
    return size;
  }

  /** A part of the file; empty if it is not all there. */
  Optional<ByteBuffer> part(long offset, long length) {
    if (offset < 0 || length < 0 || length > size || offset > size - length) {
      return Optional.empty();
    }
    if (channel.isEmpty()) {
      return Optional.of(
          ByteBuffer.wrap(Arrays.copyOfRange(memory, (int) offset, (int) (offset + length))));
    }
    ByteBuffer buffer = ByteBuffer.allocate((int) length);
    try {
      while (buffer.hasRemaining()) {
        if (channel.get().read(buffer, offset + buffer.position()) < 0) {
          return Optional.empty();
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return Optional.of(buffer.flip());
  }

  @Override
  public void close() throws IOException {
    if (channel.isPresent()) {
      channel.get().close();
    }
  }
}

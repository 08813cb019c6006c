package dev.kapal.image.local;

import dev.kapal.image.store.FileContentStore;
import dev.kapal.oci.Descriptor;
import dev.kapal.oci.Digest;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.util.Arrays;

/** Content whose digest is not known before its end, on its way into the store. */
final class Spool extends OutputStream {
  private final FileContentStore content;
  private final Path file;
  private final FileChannel channel;
  private final MessageDigest digest = Digest.newMessageDigest(Digest.SHA256);
  private byte[] first = new byte[0];
  private long size;

  Spool(FileContentStore content) throws IOException {
    this.content = content;
    this.file = Files.createTempFile(content.scratch(), "spool", "");
    this.channel = FileChannel.open(file, StandardOpenOption.WRITE);
  }

  @Override
  public void write(int b) throws IOException {
    write(new byte[] {(byte) b}, 0, 1);
  }

  @Override
  public void write(byte[] bytes, int offset, int length) throws IOException {
    if (first.length < 6) {
      int old = first.length;
      first = Arrays.copyOf(first, Math.min(6, old + length));
      System.arraycopy(bytes, offset, first, old, first.length - old);
    }
    ByteBuffer buffer = ByteBuffer.wrap(bytes, offset, length);
    while (buffer.hasRemaining()) {
      channel.write(buffer);
    }
    digest.update(bytes, offset, length);
    size += length;
  }

  /** The first bytes, at most six. */
  byte[] first() {
    return first.clone();
  }

  /** Makes it a blob; nothing may be written after. */
  Descriptor commit(String mediaType) throws IOException {
    channel.close();
    Digest found = Digest.of(digest.digest(), Digest.SHA256);
    content.adopt(file, found);
    return new Descriptor(mediaType, found, size);
  }

  @Override
  public void close() throws IOException {
    channel.close();
    Files.deleteIfExists(file);
  }
}

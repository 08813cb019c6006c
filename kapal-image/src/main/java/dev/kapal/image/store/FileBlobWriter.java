package dev.kapal.image.store;

import dev.kapal.image.BlobWriter;
import dev.kapal.linux.FaultPoint;
import dev.kapal.oci.Descriptor;
import dev.kapal.oci.Digest;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;

/** Writes one blob into its ingest file. One thread owns it. */
final class FileBlobWriter implements BlobWriter {
  private final Descriptor descriptor;
  private final Path ingest;
  private final Path blob;
  private final Growth growth;
  private final Runnable released;
  private final FileChannel file;
  private MessageDigest digest;
  private long size;
  private boolean committed;
  private boolean closed;

  FileBlobWriter(Descriptor descriptor, Path ingest, Path blob, Growth growth, Runnable released)
      throws IOException {
    this.descriptor = descriptor;
    this.ingest = ingest;
    this.blob = blob;
    this.growth = growth;
    this.released = released;
    this.digest = descriptor.digest().newDigest();
    this.file =
        FileChannel.open(
            ingest, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
    try {
      takeOver();
    } catch (IOException | RuntimeException e) {
      file.close();
      throw e;
    }
  }

  /** Hashes what an earlier attempt left. */
  private void takeOver() throws IOException {
    if (file.size() > descriptor.size()) {
      file.truncate(0);
    }
    ByteBuffer buffer = ByteBuffer.allocate(128 * 1024);
    while (file.read(buffer) >= 0) {
      buffer.flip();
      size += buffer.remaining();
      digest.update(buffer);
      buffer.clear();
    }
    if (size > 0) {
      growth.set(size);
    }
  }

  @Override
  public Descriptor descriptor() {
    return descriptor;
  }

  @Override
  public long size() {
    return size;
  }

  @Override
  public void write(ByteBuffer bytes) throws IOException {
    if (bytes.remaining() > descriptor.size() - size) {
      throw new IOException(
          "more than the " + descriptor.size() + " bytes that " + descriptor.digest() + " has");
    }
    int start = bytes.position();
    while (bytes.hasRemaining()) {
      file.write(bytes);
    }
    bytes.position(start);
    size += bytes.remaining();
    digest.update(bytes);
    FaultPoint.reach("blob.written");
    growth.set(size);
  }

  @Override
  public void restart() throws IOException {
    growth.restart();
    file.truncate(0);
    file.position(0);
    size = 0;
    digest = descriptor.digest().newDigest();
  }

  @Override
  public boolean commit() throws IOException {
    if (size != descriptor.size()) {
      return false;
    }
    Digest found = Digest.of(digest.digest(), descriptor.digest().algorithm());
    if (!found.equals(descriptor.digest())) {
      return false;
    }
    // Readers that follow are done as soon as the bytes are known to be right.
    growth.complete();
    file.force(false);
    FaultPoint.reach("blob.synced");
    Files.move(ingest, blob, StandardCopyOption.ATOMIC_MOVE);
    FaultPoint.reach("blob.moved");
    DurableFiles.syncParent(blob);
    committed = true;
    close();
    return true;
  }

  @Override
  public void close() throws IOException {
    if (closed) {
      return;
    }
    closed = true;
    try {
      file.close();
      if (!committed && size == 0) {
        Files.deleteIfExists(ingest);
      }
    } finally {
      released.run();
    }
  }
}

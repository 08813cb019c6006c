package dev.kapal.image.registry.testing;

import dev.kapal.image.registry.BlobSink;
import dev.kapal.image.registry.BlobTarget;
import dev.kapal.oci.Descriptor;
import dev.kapal.oci.Digest;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;

/** A store that is just a folder: {@code HEX} when whole, {@code HEX.part} before. */
public final class FileTarget implements BlobTarget {
  private final Path folder;

  /** How often content was thrown away. */
  public final AtomicInteger restarts = new AtomicInteger();

  /** Sinks that are open now. */
  public final AtomicInteger open = new AtomicInteger();

  public FileTarget(Path folder) {
    this.folder = folder;
  }

  public Path file(Digest digest) {
    return folder.resolve(digest.hex());
  }

  public Path part(Digest digest) {
    return folder.resolve(digest.hex() + ".part");
  }

  @Override
  public Optional<BlobSink> open(Descriptor blob) throws IOException {
    if (Files.exists(file(blob.digest()))) {
      return Optional.empty();
    }
    FileChannel channel =
        FileChannel.open(part(blob.digest()), StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    if (open.incrementAndGet() < 1) {
      throw new IOException("closed more often than opened");
    }
    return Optional.of(new Sink(blob, channel));
  }

  private final class Sink implements BlobSink {
    private final Descriptor blob;
    private final FileChannel channel;
    private long size;

    Sink(Descriptor blob, FileChannel channel) throws IOException {
      this.blob = blob;
      this.channel = channel;
      this.size = channel.size();
    }

    @Override
    public long size() {
      return size;
    }

    @Override
    public void write(ByteBuffer bytes) throws IOException {
      while (bytes.hasRemaining()) {
        size += channel.write(bytes);
      }
    }

    @Override
    public void restart() throws IOException {
      restarts.incrementAndGet();
      channel.truncate(0);
      size = 0;
    }

    @Override
    public boolean commit() throws IOException {
      byte[] content = Files.readAllBytes(part(blob.digest()));
      Digest ours = Digest.of(blob.digest().newDigest().digest(content), blob.digest().algorithm());
      if (!ours.equals(blob.digest())) {
        return false;
      }
      Files.move(part(blob.digest()), file(blob.digest()));
      return true;
    }

    @Override
    public void close() throws IOException {
      open.decrementAndGet();
      channel.close();
    }
  }
}

package dev.kapal.image.unpack;

import dev.kapal.image.tar.ByteSource;
import dev.kapal.oci.Digest;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.security.MessageDigest;
import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;

/**
 * Decompresses and hashes a layer on a thread of its own while the caller's thread places what came
 * out: two cores for one layer, with eight buffers of 128 KiB between them and no more. Owned by
 * one thread; {@link #close} ends the other.
 */
final class LayerPipe implements ByteSource, AutoCloseable {
  private static final int CHUNK = 128 * 1024;
  private static final int CHUNKS = 8;
  private static final int SLICE = 4 * 1024;

  private static final class Chunk {
    final byte[] bytes = new byte[CHUNK];
    int length;
    boolean last;
    Optional<Throwable> failure = Optional.empty();
  }

  private final ArrayBlockingQueue<Chunk> full = new ArrayBlockingQueue<>(CHUNKS);
  private final ArrayBlockingQueue<Chunk> free = new ArrayBlockingQueue<>(CHUNKS);
  private final InputStream compressed;
  private final MessageDigest digest = Digest.newMessageDigest(Digest.SHA256);
  private final Thread worker;
  private Optional<Chunk> current = Optional.empty();
  private int position;
  private boolean ended;
  private long total;

  LayerPipe(InputStream compressed, String name) {
    this.compressed = compressed;
    for (int i = 0; i < CHUNKS; i++) {
      free.add(new Chunk());
    }
    worker = Thread.ofPlatform().daemon().name("decode-" + name).start(this::work);
  }

  private void work() {
    try (InputStream in = Decoder.open(compressed)) {
      boolean last = false;
      while (!last) {
        Chunk chunk = free.take();
        int n = in.readNBytes(chunk.bytes, 0, CHUNK);
        hash(chunk.bytes, n);
        chunk.length = n;
        last = n < CHUNK;
        chunk.last = last;
        full.put(chunk);
      }
    } catch (InterruptedException | InterruptedIOException _) {
      // The owner went away.
    } catch (Throwable e) {
      Chunk chunk = new Chunk();
      chunk.failure = Optional.of(e);
      try {
        full.put(chunk);
      } catch (InterruptedException _) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /**
   * In slices, so that the many calls make the JVM compile the digest, with the processor's SHA
   * instructions, within the first megabytes; one call per chunk would be too few for a whole
   * layer.
   */
  private void hash(byte[] bytes, int length) {
    for (int at = 0; at < length; at += SLICE) {
      digest.update(bytes, at, Math.min(SLICE, length - at));
    }
  }

  @Override
  public boolean fill() throws IOException {
    while (!ended && (current.isEmpty() || position == current.get().length)) {
      current.ifPresent(chunk -> {
        ended = chunk.last;
        free.add(chunk);
      });
      current = Optional.empty();
      if (ended) {
        return false;
      }
      Chunk chunk = take();
      if (chunk.failure.isPresent()) {
        Throwable e = chunk.failure.get();
        if (e instanceof RuntimeException runtime) {
          throw runtime;
        }
        throw new IOException(e.getMessage(), e);
      }
      current = Optional.of(chunk);
      position = 0;
      total += chunk.length;
    }
    return !ended;
  }

  private Chunk take() throws IOException {
    try {
      return full.take();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("unpacking was interrupted");
    }
  }

  @Override
  public byte[] array() {
    return current.orElseThrow().bytes;
  }

  @Override
  public int offset() {
    return position;
  }

  @Override
  public int available() {
    return current.map(c -> c.length - position).orElse(0);
  }

  @Override
  public void consume(int count) {
    position += count;
  }

  /** The digest of all bytes, once the end has been reached. */
  Digest diffId() {
    if (!ended) {
      throw new IllegalStateException("not at the end yet");
    }
    return Digest.of(digest.digest(), Digest.SHA256);
  }

  /** Uncompressed bytes so far. */
  long total() {
    return total;
  }

  @Override
  public void close() {
    worker.interrupt();
    boolean interrupted = false;
    while (true) {
      try {
        worker.join();
        break;
      } catch (InterruptedException _) {
        interrupted = true;
        worker.interrupt();
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}

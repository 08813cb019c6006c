package dev.kapal.streaming.pipe;

import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayDeque;
import java.util.Objects;
import java.util.Queue;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Bytes that arrived in frames, read as a stream. The connection's thread puts them in and never
 * waits; the reader waits. Who puts in learns how much has been read, and stops the connection from
 * reading further while too much lies here.
 */
public final class InputPipe extends InputStream {
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final Queue<byte[]> chunks = new ArrayDeque<>();
  private final IntConsumer consumed;
  private byte[] head = new byte[0];
  private int position;
  private boolean ended;
  private boolean closed;
  private @Nullable String broken;

  /**
   * @param consumed told, by the reading thread, how many bytes it took or threw away
   */
  public InputPipe(IntConsumer consumed) {
    this.consumed = consumed;
  }

  /** Adds bytes. What comes after the end or after {@link #close} is counted as consumed. */
  public void put(byte[] bytes) {
    boolean dropped;
    lock.lock();
    try {
      dropped = closed || ended || broken != null;
      if (!dropped && bytes.length > 0) {
        chunks.add(bytes);
        changed.signalAll();
      }
    } finally {
      lock.unlock();
    }
    if (dropped && bytes.length > 0) {
      consumed.accept(bytes.length);
    }
  }

  /** Nothing more comes: what lies here can still be read. Idempotent. */
  public void end() {
    lock.lock();
    try {
      ended = true;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** The connection was lost: reading what lies here, then an {@link IOException}. */
  public void fail(String reason) {
    lock.lock();
    try {
      if (!ended && broken == null) {
        broken = reason;
      }
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    int n = read(one, 0, 1);
    return n < 0 ? -1 : one[0] & 0xff;
  }

  @Override
  public int read(byte[] into, int offset, int length) throws IOException {
    Objects.checkFromIndexSize(offset, length, into.length);
    if (length == 0) {
      return 0;
    }
    int n;
    lock.lock();
    try {
      if (!awaitBytes()) {
        return -1;
      }
      n = Math.min(length, head.length - position);
      System.arraycopy(head, position, into, offset, n);
      position += n;
    } finally {
      lock.unlock();
    }
    consumed.accept(n);
    return n;
  }

  /** False: the end. */
  private boolean awaitBytes() throws IOException {
    while (position == head.length) {
      byte[] next = chunks.poll();
      if (next != null) {
        head = next;
        position = 0;
      } else if (closed) {
        throw new IOException("read of a stream that was closed");
      } else if (ended) {
        return false;
      } else if (broken != null) {
        throw new IOException(broken);
      } else {
        try {
          changed.await();
        } catch (InterruptedException e) {
          Thread.currentThread().interrupt();
          throw new IOException("interrupted while waiting for the client's bytes", e);
        }
      }
    }
    return true;
  }

  @Override
  public int available() {
    lock.lock();
    try {
      int sum = head.length - position;
      for (byte[] chunk : chunks) {
        sum += chunk.length;
      }
      return sum;
    } finally {
      lock.unlock();
    }
  }

  /** Throws away what lies here and what will come. Idempotent. */
  @Override
  public void close() {
    int left;
    lock.lock();
    try {
      left = available();
      closed = true;
      chunks.clear();
      head = new byte[0];
      position = 0;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
    if (left > 0) {
      consumed.accept(left);
    }
  }
}

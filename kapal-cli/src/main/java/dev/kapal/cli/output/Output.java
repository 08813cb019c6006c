package dev.kapal.cli.output;

import java.nio.charset.StandardCharsets;

/**
 * One buffered writer over one of the client's streams. Safe for many threads; whole calls are
 * never mixed. Text is UTF-8.
 */
public final class Output {
  /** Where bytes go. */
  @FunctionalInterface
  public interface Sink {
    /**
     * Writes all the bytes.
     *
     * @throws StreamClosedException when nobody reads them
     */
    void write(byte[] bytes, int offset, int length);
  }

  private static final int SIZE = 16 * 1024;

  private final Sink sink;
  private final boolean terminal;
  private final byte[] buffer = new byte[SIZE];
  private int used;
  private boolean closed;

  public Output(Sink sink, boolean terminal) {
    this.sink = sink;
    this.terminal = terminal;
  }

  /** Whether people look at it. */
  public boolean terminal() {
    return terminal;
  }

  public void print(String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    write(bytes, 0, bytes.length);
  }

  public synchronized void line(String text) {
    print(text);
    print("\n");
  }

  /** Bytes as they are. */
  public synchronized void write(byte[] bytes, int offset, int length) {
    if (length > SIZE - used) {
      flush();
    }
    if (length > SIZE) {
      send(bytes, offset, length);
      return;
    }
    System.arraycopy(bytes, offset, buffer, used, length);
    used += length;
  }

  /** Hands everything to the stream. */
  public synchronized void flush() {
    if (used > 0) {
      int length = used;
      used = 0;
      send(buffer, 0, length);
    }
  }

  private void send(byte[] bytes, int offset, int length) {
    if (closed) {
      return;
    }
    try {
      sink.write(bytes, offset, length);
    } catch (StreamClosedException gone) {
      closed = true;
      throw gone;
    }
  }
}

package dev.kapal.streaming.pipe;

import java.io.IOException;
import java.io.OutputStream;
import java.util.Objects;

/** A stream whose writes become frames. Safe for one writer at a time; closing is idempotent. */
public final class FrameOutput extends OutputStream {
  /** Large enough to be efficient, small enough to let other streams of the connection through. */
  private static final int FRAME = 32 * 1024;

  /** Sends frames. */
  public interface Sink {
    /** Sends one and returns when it has left for the network. */
    void send(byte[] bytes, int offset, int length) throws IOException;

    /** Tells the other side that nothing more comes. */
    void end() throws IOException;
  }

  private final Sink sink;
  private volatile boolean closed;

  public FrameOutput(Sink sink) {
    this.sink = sink;
  }

  @Override
  public void write(int value) throws IOException {
    write(new byte[] {(byte) value}, 0, 1);
  }

  @Override
  public void write(byte[] bytes, int offset, int length) throws IOException {
    Objects.checkFromIndexSize(offset, length, bytes.length);
    if (closed) {
      throw new IOException("write to a stream that was closed");
    }
    for (int done = 0; done < length; done += FRAME) {
      sink.send(bytes, offset + done, Math.min(FRAME, length - done));
    }
  }

  @Override
  public void close() throws IOException {
    if (!closed) {
      closed = true;
      sink.end();
    }
  }
}

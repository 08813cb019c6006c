package dev.kapal.image.tar;

import java.io.IOException;
import java.io.InputStream;

/** A source over a stream. */
final class StreamSource implements ByteSource {
  private final InputStream in;
  private final byte[] buffer = new byte[64 * 1024];
  private int position;
  private int limit;

  StreamSource(InputStream in) {
    this.in = in;
  }

  @Override
  public boolean fill() throws IOException {
    if (position < limit) {
      return true;
    }
    int n = in.read(buffer, 0, buffer.length);
    position = 0;
    limit = Math.max(n, 0);
    return n > 0;
  }

  @Override
  public byte[] array() {
    return buffer;
  }

  @Override
  public int offset() {
    return position;
  }

  @Override
  public int available() {
    return limit - position;
  }

  @Override
  public void consume(int count) {
    position += count;
  }
}

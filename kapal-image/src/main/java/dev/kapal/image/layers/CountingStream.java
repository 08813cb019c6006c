package dev.kapal.image.layers;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.function.LongConsumer;

/** Tells how many bytes have been read, every megabyte or so. */
final class CountingStream extends FilterInputStream {
  private static final long STEP = 1 << 20;
  private final LongConsumer listener;
  private long count;
  private long told;

  CountingStream(InputStream in, LongConsumer listener) {
    super(in);
    this.listener = listener;
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
  }

  @Override
  public int read(byte[] into, int offset, int length) throws IOException {
    int n = super.read(into, offset, length);
    if (n > 0) {
      count += n;
    }
    if (count - told >= STEP || (n < 0 && count > told)) {
      told = count;
      listener.accept(count);
    }
    return n;
  }
}

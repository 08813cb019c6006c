package dev.kapal.runtime.ttrpc;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.function.Consumer;

/**
 * Puts frames together from what a socket gives. Memory grows with what has come, not with what a
 * header promises. One thread only.
 */
final class FrameReader {
  private static final int FIRST = 4096;

  private byte[] buffer = new byte[FIRST];
  private int length;

  /**
   * Takes bytes, and passes on the frames that are complete.
   *
   * @throws TtrpcException if a frame is longer than it may be; nothing can be read any more then
   */
  void feed(byte[] bytes, int count, Consumer<Frame> frames) {
    if (count > buffer.length - length) {
      buffer = Arrays.copyOf(buffer, Math.max(2 * buffer.length, length + count));
    }
    System.arraycopy(bytes, 0, buffer, length, count);
    length += count;
    int at = 0;
    while (length - at >= Frame.HEADER) {
      ByteBuffer header = ByteBuffer.wrap(buffer, at, Frame.HEADER);
      int size = header.getInt();
      if (size < 0 || size > Frame.MOST) {
        throw new TtrpcException(
            TtrpcException.INTERNAL,
            "a frame of "
                + Integer.toUnsignedString(size)
                + " bytes came, and at most "
                + Frame.MOST
                + " are allowed");
      }
      if (length - at - Frame.HEADER < size) {
        break;
      }
      int stream = header.getInt();
      int type = header.get() & 0xff;
      int flags = header.get() & 0xff;
      int start = at + Frame.HEADER;
      at = start + size;
      frames.accept(new Frame(stream, type, flags, Arrays.copyOfRange(buffer, start, at)));
    }
    keep(at);
  }

  private void keep(int from) {
    int rest = length - from;
    if (rest == 0 && buffer.length > FIRST) {
      buffer = new byte[FIRST];
    } else {
      System.arraycopy(buffer, from, buffer, 0, rest);
    }
    length = rest;
  }
}

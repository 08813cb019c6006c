package dev.kapal.daemon;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.Optional;

/** Messages of docs/client-protocol.md: a u32 type, a u32 length, a body; little-endian. */
final class Frames {
  static final int COMMAND = 1;
  static final int SIGNAL = 2;
  static final int RESIZE = 3;
  static final int OCI = 4;
  static final int EXIT = 16;
  static final int ELSEWHERE = 22;
  static final int SENT = 33;
  static final int RAW = 17;
  static final int HEAD = 8;
  static final int LARGEST = 4 << 20;

  private Frames() {}

  /** A message of the client. */
  @SuppressWarnings("ArrayRecordComponent") // never compared; up to 4 MiB that need no copy
  record Frame(int type, byte[] body) {
    /** Its body as one number; the protocol's SIGNAL. */
    int number() {
      if (body.length != 4) {
        throw new ProtocolException("a message of type " + type + " must hold 4 bytes");
      }
      return ByteBuffer.wrap(body).order(ByteOrder.LITTLE_ENDIAN).getInt();
    }

    /** One of two u16 in its body; the protocol's RESIZE. */
    int half(int index) {
      if (body.length != 4) {
        throw new ProtocolException("a message of type " + type + " must hold 4 bytes");
      }
      return Short.toUnsignedInt(
          ByteBuffer.wrap(body).order(ByteOrder.LITTLE_ENDIAN).getShort(index * 2));
    }
  }

  static byte[] number(int type, int value) {
    return ByteBuffer.allocate(12)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putInt(type)
        .putInt(4)
        .putInt(value)
        .array();
  }

  /** A message of 32-bit words. */
  static byte[] words(int type, List<Integer> words) {
    ByteBuffer out =
        ByteBuffer.allocate(HEAD + 4 * words.size())
            .order(ByteOrder.LITTLE_ENDIAN)
            .putInt(type)
            .putInt(4 * words.size());
    words.forEach(out::putInt);
    return out.array();
  }

  /**
   * Takes the first message out of a buffer that is ready to be read, if all of it is there.
   *
   * @throws ProtocolException when its head announces more than the protocol allows
   */
  static Optional<Frame> take(ByteBuffer in) {
    if (in.remaining() < HEAD) {
      return Optional.empty();
    }
    ByteBuffer head = in.duplicate().order(ByteOrder.LITTLE_ENDIAN);
    int type = head.getInt();
    int length = head.getInt();
    if (length < 0 || length > LARGEST) {
      throw new ProtocolException(
          "a message of " + Integer.toUnsignedString(length) + " bytes is too long");
    }
    if (head.remaining() < length) {
      return Optional.empty();
    }
    byte[] body = new byte[length];
    head.get(body);
    in.position(head.position());
    return Optional.of(new Frame(type, body));
  }
}

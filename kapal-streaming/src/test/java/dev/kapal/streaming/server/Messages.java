package dev.kapal.streaming.server;

import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;

/** A client's bytes in the binary messages of RFC 6455, by hand. */
final class Messages {
  private Messages() {}

  static OutputStream writing(OutputStream out) {
    return new OutputStream() {
      @Override
      public void write(int b) throws IOException {
        write(new byte[] {(byte) b}, 0, 1);
      }

      @Override
      public void write(byte[] bytes, int offset, int length) throws IOException {
        // The shortest form of the length is a must.
        byte[] head =
            length < 126
                ? new byte[] {(byte) 0x82, (byte) (0x80 | length), 1, 2, 3, 4}
                : new byte[] {
                  (byte) 0x82, (byte) (0x80 | 126), (byte) (length >> 8), (byte) length, 1, 2, 3, 4
                };
        byte[] frame = java.util.Arrays.copyOf(head, head.length + length);
        for (int i = 0; i < length; i++) {
          frame[head.length + i] = (byte) (bytes[offset + i] ^ (1 + i % 4));
        }
        out.write(frame);
      }
    };
  }

  static InputStream reading(InputStream in) {
    DataInputStream data = new DataInputStream(in);
    return new InputStream() {
      private byte[] message = new byte[0];
      private int position;

      @Override
      public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
      }

      @Override
      public int read(byte[] into, int offset, int length) throws IOException {
        try {
          while (position == message.length) {
            int head = data.readUnsignedShort();
            int size = head & 0x7f;
            size =
                size == 126 ? data.readUnsignedShort() : size == 127 ? (int) data.readLong() : size;
            message = data.readNBytes(size);
            position = 0;
            if ((head >> 8 & 0xf) == 8) {
              return -1;
            }
          }
        } catch (EOFException e) {
          return -1;
        }
        int n = Math.min(length, message.length - position);
        System.arraycopy(message, position, into, offset, n);
        position += n;
        return n;
      }
    };
  }
}

package dev.kapal.cri.rpc;

import com.google.protobuf.ByteString;
import io.grpc.Drainable;
import io.grpc.KnownLength;
import io.grpc.MethodDescriptor.Marshaller;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.List;

/**
 * An answer that is encoded already, in parts. Encodings of parts of a message that follow each
 * other are an encoding of the whole (Protocol Buffers, "Encoding"), so what has not changed since
 * the last answer need not be encoded again.
 */
public record Encoded(List<ByteString> parts) {
  /** Takes the parts as they are; nothing reads such an answer back. */
  static final Marshaller<Encoded> MARSHALLER =
      new Marshaller<>() {
        @Override
        public InputStream stream(Encoded value) {
          return new Stream(value);
        }

        @Override
        public Encoded parse(InputStream stream) {
          throw new UnsupportedOperationException("an answer is sent, not read");
        }
      };

  public Encoded {
    parts = List.copyOf(parts);
  }

  /** How many bytes it has. */
  int size() {
    long size = 0;
    for (ByteString part : parts) {
      size += part.size();
    }
    return Math.toIntExact(size);
  }

  /** Goes out in one go, as long as it said before. */
  private static final class Stream extends InputStream implements Drainable, KnownLength {
    private final Encoded answer;
    private final int size;
    private boolean drained;

    Stream(Encoded answer) {
      this.answer = answer;
      this.size = answer.size();
    }

    @Override
    public int drainTo(OutputStream target) throws IOException {
      if (drained) {
        return 0;
      }
      drained = true;
      for (ByteString part : answer.parts()) {
        part.writeTo(target);
      }
      return size;
    }

    @Override
    public int available() {
      return drained ? 0 : size;
    }

    @Override
    public int read() {
      throw notRead();
    }

    @Override
    public int read(byte[] into, int offset, int length) {
      throw notRead();
    }

    private static UnsupportedOperationException notRead() {
      return new UnsupportedOperationException("it is drained, not read");
    }
  }
}

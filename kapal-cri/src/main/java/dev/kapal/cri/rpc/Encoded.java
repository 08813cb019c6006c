package dev.kapal.cri.rpc;

import com.google.protobuf.ByteString;
import io.grpc.Drainable;
import io.grpc.KnownLength;
import io.grpc.MethodDescriptor.Marshaller;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;

/**
 * An answer that is encoded already: what has not changed since the last one need not be encoded
 * again.
 */
public record Encoded(ByteString bytes) {
  /** Takes the bytes as they are; nothing reads such an answer back. */
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

  /** Goes out in one go, as long as it said before. */
  private static final class Stream extends InputStream implements Drainable, KnownLength {
    private final ByteString bytes;
    private boolean drained;

    Stream(Encoded answer) {
      this.bytes = answer.bytes();
    }

    @Override
    public int drainTo(OutputStream target) throws IOException {
      if (drained) {
        return 0;
      }
      drained = true;
      bytes.writeTo(target);
      return bytes.size();
    }

    @Override
    public int available() {
      return drained ? 0 : bytes.size();
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

package dev.kapal.image.unpack;

import com.github.luben.zstd.ZstdInputStreamNoFinalizer;
import dev.kapal.image.ImageException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.SequenceInputStream;

/** Finds out by its first bytes how a stream is compressed, and undoes it. */
public final class Decoder {
  /** How a stream is compressed. */
  public enum Kind {
    PLAIN,
    GZIP,
    ZSTD
  }

  private Decoder() {}

  /** What these first bytes of a stream belong to. */
  public static Kind detect(byte[] first, int length) {
    if (length >= 3 && (first[0] & 0xff) == 0x1f && (first[1] & 0xff) == 0x8b && first[2] == 8) {
      return Kind.GZIP;
    }
    if (length >= 4
        && (first[0] & 0xff) == 0x28
        && (first[1] & 0xff) == 0xb5
        && first[2] == 0x2f
        && (first[3] & 0xff) == 0xfd) {
      return Kind.ZSTD;
    }
    boolean bzip2 = length >= 3 && first[0] == 'B' && first[1] == 'Z' && first[2] == 'h';
    boolean xz = length >= 6 && (first[0] & 0xff) == 0xfd && first[1] == '7' && first[2] == 'z';
    if (bzip2 || xz) {
      throw new ImageException.Refused(
          "a layer is compressed with "
              + (xz ? "xz" : "bzip2")
              + ", which images do not use: compress it with gzip or zstd");
    }
    return Kind.PLAIN;
  }

  /**
   * The uncompressed bytes of a stream, which is closed with the result.
   *
   * @throws ImageException.Refused if it is compressed in a way that images do not use
   */
  public static InputStream open(InputStream in) throws IOException {
    byte[] first = in.readNBytes(6);
    Kind kind = detect(first, first.length);
    InputStream whole =
        new SequenceInputStream(new ByteArrayInputStream(first), in) {
          @Override
          public void close() throws IOException {
            in.close();
          }
        };
    return switch (kind) {
      case PLAIN -> whole;
      case GZIP -> new GzipStream(whole);
      case ZSTD -> new ZstdInputStreamNoFinalizer(whole).setContinuous(false).setLongMax(27);
    };
  }
}

package dev.kapal.linux;

import java.nio.charset.StandardCharsets;

/**
 * How file names, which Linux holds as any bytes but NUL and '/', become Strings and back without
 * loss: names are decoded as UTF-8, and each byte that is not part of well-formed UTF-8 becomes the
 * lone surrogate U+DC00 + byte (U+DC80 to U+DCFF), as Python's "surrogateescape" does. Ordinary
 * Java strings are therefore ordinary paths, and any name that came from the kernel or a tar
 * archive goes back byte for byte. All paths and names of this module's interfaces are Strings of
 * this kind.
 */
public final class PathBytes {
  private PathBytes() {}

  /**
   * The bytes of a name, without a final NUL.
   *
   * @throws IllegalArgumentException when it holds a NUL or a surrogate that stands for no byte
   */
  public static byte[] encode(String name) {
    int length = name.length();
    byte[] bytes = new byte[length];
    for (int i = 0; i < length; i++) {
      char c = name.charAt(i);
      if (c >= 0x80) {
        return encodeSlow(name);
      }
      if (c == 0) {
        throw nul(name);
      }
      bytes[i] = (byte) c;
    }
    return bytes;
  }

  /** The name that these bytes are. */
  public static String decode(byte[] bytes) {
    return decode(bytes, 0, bytes.length);
  }

  /** The name that these bytes are. */
  public static String decode(byte[] bytes, int offset, int length) {
    for (int i = offset; i < offset + length; i++) {
      if (bytes[i] < 0) {
        return decodeSlow(bytes, offset, length);
      }
    }
    return new String(bytes, offset, length, StandardCharsets.ISO_8859_1);
  }

  private static byte[] encodeSlow(String name) {
    byte[] out = new byte[Math.multiplyExact(name.length(), 3)];
    int n = 0;
    for (int i = 0; i < name.length(); ) {
      int c = name.codePointAt(i);
      i += Character.charCount(c);
      if (c == 0) {
        throw nul(name);
      } else if (c < 0x80) {
        out[n++] = (byte) c;
      } else if (c < 0x800) {
        out[n++] = (byte) (0xc0 | (c >> 6));
        out[n++] = continuation(c);
      } else if (c >= 0xdc80 && c <= 0xdcff) {
        out[n++] = (byte) (c - 0xdc00);
      } else if (c >= 0xd800 && c <= 0xdfff) {
        throw new IllegalArgumentException(
            "a lone surrogate in the name " + ErrnoException.quote(name));
      } else if (c < 0x10000) {
        out[n++] = (byte) (0xe0 | (c >> 12));
        out[n++] = continuation(c >> 6);
        out[n++] = continuation(c);
      } else {
        out[n++] = (byte) (0xf0 | (c >> 18));
        out[n++] = continuation(c >> 12);
        out[n++] = continuation(c >> 6);
        out[n++] = continuation(c);
      }
    }
    return java.util.Arrays.copyOf(out, n);
  }

  private static byte continuation(int bits) {
    return (byte) (0x80 | (bits & 0x3f));
  }

  private static String decodeSlow(byte[] bytes, int offset, int length) {
    StringBuilder name = new StringBuilder(length);
    int end = offset + length;
    int i = offset;
    while (i < end) {
      int size = wellFormed(bytes, i, end);
      if (size == 0) {
        name.append((char) (0xdc00 + (bytes[i] & 0xff)));
        i++;
      } else if (size == 1) {
        name.append((char) bytes[i++]);
      } else {
        name.append(new String(bytes, i, size, StandardCharsets.UTF_8));
        i += size;
      }
    }
    return name.toString();
  }

  /** The length of the well-formed UTF-8 sequence (Unicode table 3-7) at i, or 0. */
  private static int wellFormed(byte[] bytes, int i, int end) {
    int b = bytes[i] & 0xff;
    if (b < 0x80) {
      return 1;
    }
    int size =
        b >= 0xc2 && b <= 0xdf ? 2 : b >= 0xe0 && b <= 0xef ? 3 : b >= 0xf0 && b <= 0xf4 ? 4 : 0;
    if (size == 0 || i + size > end) {
      return 0;
    }
    int second = bytes[i + 1] & 0xff;
    int low = b == 0xe0 ? 0xa0 : b == 0xf0 ? 0x90 : 0x80;
    int high = b == 0xed ? 0x9f : b == 0xf4 ? 0x8f : 0xbf;
    if (second < low || second > high) {
      return 0;
    }
    for (int k = 2; k < size; k++) {
      if ((bytes[i + k] & 0xc0) != 0x80) {
        return 0;
      }
    }
    return size;
  }

  private static IllegalArgumentException nul(String name) {
    return new IllegalArgumentException("a NUL in the name " + ErrnoException.quote(name));
  }
}

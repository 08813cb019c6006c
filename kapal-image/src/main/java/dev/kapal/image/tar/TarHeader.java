package dev.kapal.image.tar;

import dev.kapal.linux.PathBytes;

/** The fields of a 512-byte header block (POSIX.1-1988 ustar, GNU). */
final class TarHeader {
  static final int BLOCK = 512;
  final byte[] bytes = new byte[BLOCK];

  boolean isZero() {
    for (byte b : bytes) {
      if (b != 0) {
        return false;
      }
    }
    return true;
  }

  void verifyChecksum() throws TarException {
    int unsigned = 0;
    int signed = 0;
    for (int i = 0; i < BLOCK; i++) {
      byte b = i >= 148 && i < 156 ? (byte) ' ' : bytes[i];
      unsigned += b & 0xff;
      signed += b;
    }
    long stored = number("checksum", 148, 8);
    if (stored != unsigned && stored != signed) {
      throw new TarException("a header has a wrong checksum: this is not a tar, or it is damaged");
    }
  }

  char type() {
    return (char) (bytes[156] & 0xff);
  }

  boolean isUstar() {
    return magic("ustar\0");
  }

  boolean isGnu() {
    return magic("ustar  \0");
  }

  private boolean magic(String magic) {
    for (int i = 0; i < magic.length(); i++) {
      if (bytes[257 + i] != magic.charAt(i)) {
        return false;
      }
    }
    return true;
  }

  String name() {
    String name = text(0, 100);
    String prefix = isUstar() ? text(345, 155) : "";
    return prefix.isEmpty() ? name : prefix + "/" + name;
  }

  String linkName() {
    return text(157, 100);
  }

  /** Text up to the first NUL. */
  String text(int offset, int length) {
    int end = offset;
    while (end < offset + length && bytes[end] != 0) {
      end++;
    }
    return PathBytes.decode(bytes, offset, end - offset);
  }

  /** An octal or base-256 number. */
  long number(String field, int offset, int length) throws TarException {
    int first = bytes[offset] & 0xff;
    if ((first & 0x80) != 0) {
      return base256(field, offset, length);
    }
    int i = offset;
    int end = offset + length;
    while (i < end && (bytes[i] == ' ' || bytes[i] == 0)) {
      i++;
    }
    long value = 0;
    for (; i < end && bytes[i] != 0 && bytes[i] != ' '; i++) {
      if (bytes[i] < '0' || bytes[i] > '7' || value > Long.MAX_VALUE >> 3) {
        throw bad(field);
      }
      value = value << 3 | (bytes[i] - '0');
    }
    return value;
  }

  private long base256(String field, int offset, int length) throws TarException {
    boolean negative = (bytes[offset] & 0x40) != 0;
    long value = negative ? -1 : 0;
    for (int i = offset; i < offset + length; i++) {
      int b = bytes[i] & 0xff;
      if (i == offset) {
        b = negative ? b : b & 0x7f;
      }
      if (value != (value << 8) >> 8) {
        throw bad(field);
      }
      value = value << 8 | b;
    }
    return value;
  }

  private static TarException bad(String field) {
    return new TarException("a header's " + field + " is not a number");
  }
}

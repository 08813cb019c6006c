package dev.kapal.runtime.plan;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HexFormat;

/** Bytes of a plan's data area, compared by content. */
public final class Bytes {
  private final byte[] content;
  private final boolean text;

  private Bytes(byte[] content, boolean text) {
    this.content = content;
    this.text = text;
  }

  /** A string and its NUL. */
  public static Bytes string(String text) {
    byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
    return new Bytes(Arrays.copyOf(utf8, utf8.length + 1), true);
  }

  /** Raw bytes. */
  public static Bytes of(byte[] content) {
    return new Bytes(content.clone(), false);
  }

  /** A structure of so many bytes, filled in little-endian. */
  public static Bytes struct(int size, java.util.function.Consumer<ByteBuffer> filler) {
    ByteBuffer buffer = ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
    filler.accept(buffer);
    return new Bytes(buffer.array(), false);
  }

  /** A set of numbers as the kernel takes CPUs and nodes: words of 64 bits. */
  static Bytes mask(BitSet set) {
    long[] words = set.toLongArray();
    return struct(8 * words.length, b -> Arrays.stream(words).forEach(b::putLong));
  }

  /** How many bytes. */
  public int length() {
    return content.length;
  }

  /** A copy. */
  public byte[] toArray() {
    return content.clone();
  }

  /** Alignment that its content may need. */
  int alignment() {
    return text ? 1 : 8;
  }

  void put(ByteBuffer out, int at) {
    out.put(at, content);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Bytes b && text == b.text && Arrays.equals(content, b.content);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(content);
  }

  @Override
  public String toString() {
    if (text) {
      return Arg.quote(new String(content, 0, content.length - 1, StandardCharsets.UTF_8));
    }
    return content.length > 128
        ? "{" + content.length + " bytes, hash " + Integer.toHexString(hashCode()) + "}"
        : "{" + HexFormat.of().formatHex(content) + "}";
  }
}

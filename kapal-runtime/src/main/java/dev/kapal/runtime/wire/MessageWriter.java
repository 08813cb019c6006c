package dev.kapal.runtime.wire;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;

/**
 * Writes a message of Protocol Buffers, version 3: fields that have their default value are left
 * out. One thread only.
 */
public final class MessageWriter {
  private static final int VARINT = 0;
  private static final int BYTES = 2;

  private final ByteArrayOutputStream out = new ByteArrayOutputStream();

  /** A message without fields. */
  public MessageWriter() {}

  /** A string. */
  public MessageWriter text(int field, String value) {
    return bytes(field, value.getBytes(StandardCharsets.UTF_8));
  }

  /** A repeated string: every element is written. */
  public MessageWriter texts(int field, List<String> values) {
    values.forEach(v -> block(field, v.getBytes(StandardCharsets.UTF_8)));
    return this;
  }

  /** A map of strings: every entry is written. */
  public MessageWriter map(int field, Map<String, String> values) {
    values.forEach((key, value) -> message(field, new MessageWriter().text(1, key).text(2, value)));
    return this;
  }

  /** Bytes. */
  public MessageWriter bytes(int field, byte[] value) {
    if (value.length > 0) {
      block(field, value);
    }
    return this;
  }

  /** Any integer that is not of the kinds sint or fixed: uint64, int32, an enum. */
  public MessageWriter number(int field, long value) {
    if (value != 0) {
      varint(((long) field << 3) | VARINT);
      varint(value);
    }
    return this;
  }

  /** As the other one, but written even if it is 0: for messages of version 2. */
  public MessageWriter given(int field, long value) {
    varint(((long) field << 3) | VARINT);
    varint(value);
    return this;
  }

  /** A bool. */
  public MessageWriter flag(int field, boolean value) {
    return number(field, value ? 1 : 0);
  }

  /** A message within this one, which is there even if it is empty. */
  public MessageWriter message(int field, MessageWriter value) {
    block(field, value.toBytes());
    return this;
  }

  private void block(int field, byte[] value) {
    varint(((long) field << 3) | BYTES);
    varint(value.length);
    out.writeBytes(value);
  }

  private void varint(long value) {
    long rest = value;
    while ((rest & ~0x7fL) != 0) {
      out.write((int) ((rest & 0x7f) | 0x80));
      rest >>>= 7;
    }
    out.write((int) rest);
  }

  /** What has been written. */
  public byte[] toBytes() {
    return out.toByteArray();
  }
}

package dev.kapal.linux.systemd;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;

/** Marshals values, little-endian (D-Bus specification, Marshaling). */
final class BusWriter {
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();

  byte[] bytes() {
    return out.toByteArray();
  }

  void align(int to) {
    while (out.size() % to != 0) {
      out.write(0);
    }
  }

  void octet(int value) {
    out.write(value);
  }

  void number(int value) {
    align(4);
    for (int i = 0; i < 32; i += 8) {
      out.write(value >>> i);
    }
  }

  private void text(String value) {
    byte[] utf8 = value.getBytes(StandardCharsets.UTF_8);
    number(utf8.length);
    out.writeBytes(utf8);
    out.write(0);
  }

  void signature(String value) {
    byte[] ascii = value.getBytes(StandardCharsets.US_ASCII);
    out.write(ascii.length);
    out.writeBytes(ascii);
    out.write(0);
  }

  void raw(byte[] bytes) {
    out.writeBytes(bytes);
  }

  void value(Value value) {
    switch (value) {
      case Value.Text(String text) -> text(text);
      case Value.ObjectPath(String path) -> text(path);
      case Value.Flag(boolean flag) -> number(flag ? 1 : 0);
      case Value.Word(int n) -> number(n);
      case Value.Quad(long n) -> {
        align(8);
        for (int i = 0; i < 64; i += 8) {
          out.write((int) (n >>> i));
        }
      }
      case Value.Variant(Value inner) -> {
        signature(inner.signature());
        value(inner);
      }
      case Value.Struct struct -> {
        align(8);
        struct.values().forEach(this::value);
      }
      case Value.Array array -> array(array);
    }
  }

  /** The length counts neither itself nor the padding in front of the first element. */
  private void array(Value.Array array) {
    int alignment = BusReader.alignment(array.element().charAt(0));
    align(4);
    int start = out.size() + 4;
    int first = (start + alignment - 1) / alignment * alignment;
    BusWriter elements = new BusWriter();
    // Alignment counts from the message's first byte.
    elements.raw(new byte[first]);
    array.values().forEach(elements::value);
    byte[] all = elements.bytes();
    number(all.length - first);
    align(alignment);
    out.write(all, first, all.length - first);
  }
}

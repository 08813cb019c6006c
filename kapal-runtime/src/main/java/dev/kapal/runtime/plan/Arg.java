package dev.kapal.runtime.plan;

import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.List;

/** An argument of a step. */
public sealed interface Arg {
  /** Passed as it is. */
  record Immediate(long value) implements Arg {
    @Override
    public String toString() {
      return value >= 0 && value < 4096
          ? Long.toString(value)
          : value < 0 && value > -4096 ? Long.toString(value) : "0x" + Long.toHexString(value);
    }
  }

  /** Bytes in the data area, passed as a pointer. */
  record Data(Bytes bytes) implements Arg {
    @Override
    public String toString() {
      return bytes.toString();
    }
  }

  /** The descriptor in a slot. */
  record Slot(int number, String name) implements Arg {
    @Override
    public String toString() {
      return "<" + name + ">";
    }
  }

  /** The descriptor in a slot, or -1 when it is empty. */
  record SlotOrNone(Slot slot) implements Arg {
    @Override
    public String toString() {
      return slot + "?";
    }
  }

  /** A list of strings in the data area. */
  record Strings(List<String> values) implements Arg {
    /** Copies the list. */
    public Strings {
      values = List.copyOf(values);
    }

    @Override
    public String toString() {
      return values.stream().map(Arg::quote).toList().toString();
    }
  }

  /** An immediate. */
  static Arg of(long value) {
    return new Immediate(value);
  }

  /** A NUL-terminated string. */
  static Arg of(String text) {
    return new Data(Bytes.string(text));
  }

  /** A structure. */
  static Arg of(Bytes bytes) {
    return new Data(bytes);
  }

  /** Quotes text for printing. */
  static String quote(String text) {
    StringBuilder out = new StringBuilder("\"");
    for (byte b : text.getBytes(StandardCharsets.UTF_8)) {
      if (b == '"' || b == '\\') {
        out.append('\\').append((char) b);
      } else if (b >= ' ' && b < 127) {
        out.append((char) b);
      } else {
        out.append("\\x").append(HexFormat.of().toHexDigits(b));
      }
    }
    return out.append('"').toString();
  }
}

package dev.kapal.linux.systemd;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** Unmarshals values of messages of either byte order; whatever is not as specified is refused. */
final class BusReader {
  private static final int DEEPEST = 32;

  private final ByteBuffer in;

  BusReader(byte[] message, int from, ByteOrder order) {
    this.in = ByteBuffer.wrap(message).order(order);
    this.in.position(from);
  }

  static SystemdException damaged(String what) {
    return new SystemdException("a message of D-Bus is damaged: " + what, "");
  }

  /** Boundary of a type's values. */
  static int alignment(char type) {
    return switch (type) {
      case 'y', 'g', 'v' -> 1;
      case 'n', 'q' -> 2;
      case 'b', 'i', 'u', 's', 'o', 'a', 'h' -> 4;
      case 'x', 't', 'd', '(', '{' -> 8;
      default -> throw damaged("type " + type);
    };
  }

  private void align(int to) {
    int next = (in.position() + to - 1) / to * to;
    if (next > in.limit()) {
      throw damaged("it ends too early");
    }
    in.position(next);
  }

  private byte[] take(int length) {
    if (length < 0 || length > in.remaining()) {
      throw damaged("it ends too early");
    }
    byte[] bytes = new byte[length];
    in.get(bytes);
    return bytes;
  }

  int number() {
    align(4);
    if (in.remaining() < 4) {
      throw damaged("it ends too early");
    }
    return in.getInt();
  }

  private String text() {
    String text = new String(take(number()), StandardCharsets.UTF_8);
    take(1);
    return text;
  }

  String signature() {
    String text = new String(take(Byte.toUnsignedInt(take(1)[0])), StandardCharsets.US_ASCII);
    take(1);
    return text;
  }

  /** All values of a signature. */
  List<Value> values(String signature) {
    List<Value> all = new ArrayList<>();
    for (int at = 0; at < signature.length(); ) {
      int end = end(signature, at, 0);
      all.add(value(signature.substring(at, end), 0));
      at = end;
    }
    return all;
  }

  /** Where the complete type that begins at a place ends. */
  static int end(String signature, int at, int depth) {
    if (at >= signature.length() || depth > DEEPEST) {
      throw damaged("signature " + signature);
    }
    return switch (signature.charAt(at)) {
      case 'a' -> end(signature, at + 1, depth + 1);
      case '(', '{' -> {
        char close = signature.charAt(at) == '(' ? ')' : '}';
        int next = at + 1;
        while (next < signature.length() && signature.charAt(next) != close) {
          next = end(signature, next, depth + 1);
        }
        // An empty struct would take no bytes, however many of them an array has.
        if (next >= signature.length() || next == at + 1) {
          throw damaged("signature " + signature);
        }
        yield next + 1;
      }
      default -> at + 1;
    };
  }

  private Value value(String type, int depth) {
    if (depth > DEEPEST) {
      throw damaged("it is nested too deeply");
    }
    return switch (type.charAt(0)) {
      case 'y' -> new Value.Word(Byte.toUnsignedInt(take(1)[0]));
      case 'n', 'q' -> {
        align(2);
        yield new Value.Word(ByteBuffer.wrap(take(2)).order(in.order()).getShort());
      }
      case 'b' -> new Value.Flag(number() != 0);
      case 'i', 'u', 'h' -> new Value.Word(number());
      case 'x', 't', 'd' -> {
        align(8);
        yield new Value.Quad(ByteBuffer.wrap(take(8)).order(in.order()).getLong());
      }
      case 's' -> new Value.Text(text());
      case 'o' -> new Value.ObjectPath(text());
      case 'g' -> new Value.Text(signature());
      case 'v' -> {
        String inner = signature();
        if (inner.isEmpty() || end(inner, 0, 0) != inner.length()) {
          throw damaged("a variant of " + inner);
        }
        yield new Value.Variant(value(inner, depth + 1));
      }
      case '(', '{' -> {
        align(8);
        List<Value> members = new ArrayList<>();
        for (int at = 1; at < type.length() - 1; ) {
          int end = end(type, at, 0);
          members.add(value(type.substring(at, end), depth + 1));
          at = end;
        }
        yield new Value.Struct(members);
      }
      case 'a' -> {
        String element = type.substring(1);
        int length = number();
        align(alignment(element.charAt(0)));
        if (length < 0 || length > in.remaining()) {
          throw damaged("an array of " + length + " bytes");
        }
        int end = in.position() + length;
        List<Value> elements = new ArrayList<>();
        while (in.position() < end) {
          elements.add(value(element, depth + 1));
        }
        yield new Value.Array(element, elements);
      }
      default -> throw damaged("type " + type);
    };
  }
}

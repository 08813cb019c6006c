package dev.kapal.linux.systemd;

import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/**
 * A message (D-Bus specification, Message Protocol).
 *
 * @param type 1 call, 2 return, 3 error, 4 signal
 * @param serial the sender's number for it
 * @param replyTo the serial that it answers, or 0
 * @param path object
 * @param interface_ interface
 * @param member method or signal
 * @param error name of an error
 * @param destination whom it is for
 * @param body values
 */
record BusMessage(
    int type,
    int serial,
    int replyTo,
    String path,
    String interface_,
    String member,
    String error,
    String destination,
    List<Value> body) {
  static final int CALL = 1;
  static final int RETURN = 2;
  static final int ERROR = 3;
  static final int SIGNAL = 4;

  /** The longest that is taken; the specification allows 128 MiB. */
  static final int MOST = 1 << 20;

  /** What has to be there to know how long a message is. */
  static final int HEAD = 16;

  BusMessage {
    body = List.copyOf(body);
  }

  static BusMessage call(
      int serial,
      String destination,
      String path,
      String interface_,
      String member,
      Value... body) {
    return new BusMessage(
        CALL, serial, 0, path, interface_, member, "", destination, List.of(body));
  }

  byte[] encode() {
    StringBuilder signature = new StringBuilder();
    BusWriter content = new BusWriter();
    for (Value value : body) {
      signature.append(value.signature());
      content.value(value);
    }
    List<Value> fields = new ArrayList<>();
    field(fields, 1, path.isEmpty() ? List.of() : List.of(new Value.ObjectPath(path)));
    field(fields, 2, texts(interface_));
    field(fields, 3, texts(member));
    field(fields, 4, texts(error));
    if (replyTo != 0) {
      field(fields, 5, List.of(new Value.Word(replyTo)));
    }
    field(fields, 6, texts(destination));
    byte[] bytes = content.bytes();
    BusWriter out = new BusWriter();
    out.octet('l');
    out.octet(type);
    out.octet(0);
    out.octet(1);
    out.number(bytes.length);
    out.number(serial);
    fields(out, fields, signature.toString());
    out.align(8);
    out.raw(bytes);
    return out.bytes();
  }

  private static List<Value> texts(String text) {
    return text.isEmpty() ? List.of() : List.of(new Value.Text(text));
  }

  private static void field(List<Value> fields, int code, List<? extends Value> value) {
    value.forEach(v -> fields.add(Value.Struct.of(new Value.Word(code), new Value.Variant(v))));
  }

  /** An array of (yv): field codes are bytes, and a signature is a type of its own. */
  private static void fields(BusWriter out, List<Value> fields, String signature) {
    BusWriter all = new BusWriter();
    all.raw(new byte[HEAD]);
    for (Value field : fields) {
      if (field instanceof Value.Struct(List<Value> parts)
          && parts.getFirst() instanceof Value.Word(int code)) {
        all.align(8);
        all.octet(code);
        all.value(parts.get(1));
      }
    }
    if (!signature.isEmpty()) {
      all.align(8);
      all.octet(8);
      all.signature("g");
      all.signature(signature);
    }
    byte[] bytes = all.bytes();
    out.number(bytes.length - HEAD);
    byte[] content = new byte[bytes.length - HEAD];
    System.arraycopy(bytes, HEAD, content, 0, content.length);
    out.raw(content);
  }

  private static ByteOrder order(byte[] head) {
    return switch (head[0]) {
      case 'l' -> ByteOrder.LITTLE_ENDIAN;
      case 'B' -> ByteOrder.BIG_ENDIAN;
      default -> throw BusReader.damaged("byte order " + head[0]);
    };
  }

  /** The whole length of the message that begins with these {@link #HEAD} bytes. */
  static int length(byte[] head) {
    ByteOrder order = order(head);
    long body = Integer.toUnsignedLong(new BusReader(head, 4, order).number());
    long fields = Integer.toUnsignedLong(new BusReader(head, 12, order).number());
    long all = HEAD + (fields + 7) / 8 * 8 + body;
    if (all > MOST) {
      throw BusReader.damaged("it says that it has " + all + " bytes");
    }
    return (int) all;
  }

  static BusMessage decode(byte[] message) {
    ByteOrder order = order(message);
    int serial = new BusReader(message, 8, order).number();
    int fields = new BusReader(message, 12, order).number();
    String[] known = {"", "", "", "", "", "", "", "", ""};
    int reply = 0;
    List<Value> head = new BusReader(message, 12, order).values("a(yv)");
    for (Value field : ((Value.Array) head.getFirst()).values()) {
      List<Value> parts = ((Value.Struct) field).values();
      int code = ((Value.Word) parts.get(0)).value();
      switch (((Value.Variant) parts.get(1)).value()) {
        case Value.Text(String text) when code < known.length -> known[code] = text;
        case Value.ObjectPath(String text) when code < known.length -> known[code] = text;
        case Value.Word(int n) when code == 5 -> reply = n;
        default -> {}
      }
    }
    int body = HEAD + (fields + 7) / 8 * 8;
    return new BusMessage(
        message[1],
        serial,
        reply,
        known[1],
        known[2],
        known[3],
        known[4],
        known[6],
        new BusReader(message, body, order).values(known[8]));
  }

  /** The first value of the body when it is a text, as errors have it. */
  String text() {
    return !body.isEmpty() && body.getFirst() instanceof Value.Text(String text) ? text : "";
  }
}

package dev.kapal.runtime.wire;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A message of Protocol Buffers, read without a description of it: fields are asked for by number.
 * One that is missing has its default value, as version 3 wants it; of a field that comes more than
 * once and is no list, the last one counts. A field of another kind than the one asked for is an
 * error.
 */
public final class Message {
  /** A message without fields. */
  public static final Message EMPTY = new Message(new byte[0], Map.of());

  private static final int VARINT = 0;
  private static final int FIXED64 = 1;
  private static final int BYTES = 2;
  private static final int FIXED32 = 5;
  private static final int MOST_FIELDS = 100_000;

  /** Where a field is: the value of a number, or where its bytes start and end. */
  private record Field(int type, long value, int end) {}

  private final byte[] bytes;
  private final Map<Integer, List<Field>> fields;

  private Message(byte[] bytes, Map<Integer, List<Field>> fields) {
    this.bytes = bytes;
    this.fields = fields;
  }

  /**
   * Reads one.
   *
   * @throws WireException if it is none
   */
  public static Message parse(byte[] bytes) {
    return new Parser(bytes).run();
  }

  /** Reads one and keeps a place in it. */
  private static final class Parser {
    private final byte[] bytes;
    private final Map<Integer, List<Field>> fields = new HashMap<>();
    private int at;

    Parser(byte[] bytes) {
      this.bytes = bytes;
    }

    Message run() {
      int count = 0;
      while (at < bytes.length) {
        long tag = varint();
        long number = tag >>> 3;
        if (number == 0 || number > 0x1fffffff) {
          throw new WireException("a field has the number " + number);
        }
        if (++count > MOST_FIELDS) {
          throw new WireException("it has more than " + MOST_FIELDS + " fields");
        }
        fields.computeIfAbsent((int) number, _ -> new ArrayList<>(1)).add(field((int) (tag & 7)));
      }
      return new Message(bytes, fields);
    }

    private Field field(int type) {
      return switch (type) {
        case VARINT -> new Field(type, varint(), 0);
        case FIXED64 -> skip(type, 8);
        case FIXED32 -> skip(type, 4);
        case BYTES -> skip(type, varint());
        default -> throw new WireException("a field has the wire type " + type);
      };
    }

    private Field skip(int type, long length) {
      if (length < 0 || length > bytes.length - at) {
        throw new WireException("a field ends behind the message");
      }
      int start = at;
      at += (int) length;
      return new Field(type, start, at);
    }

    private long varint() {
      long value = 0;
      for (int shift = 0; shift < 70; shift += 7) {
        if (at == bytes.length) {
          throw new WireException("a number ends behind the message");
        }
        byte next = bytes[at++];
        value |= (long) (next & 0x7f) << shift;
        if (next >= 0) {
          return value;
        }
      }
      throw new WireException("a number has more than 10 bytes");
    }
  }

  private Optional<Field> last(int field, int type) {
    List<Field> all = all(field, type);
    return all.isEmpty() ? Optional.empty() : Optional.of(all.getLast());
  }

  private List<Field> all(int field, int type) {
    List<Field> all = fields.getOrDefault(field, List.of());
    for (Field f : all) {
      if (f.type() != type) {
        throw new WireException("field " + field + " has the wire type " + f.type());
      }
    }
    return all;
  }

  private byte[] content(Field field) {
    return Arrays.copyOfRange(bytes, (int) field.value(), field.end());
  }

  private String text(Field field) {
    int start = (int) field.value();
    return new String(bytes, start, field.end() - start, StandardCharsets.UTF_8);
  }

  /** An integer; 0 if it is not there. A uint64 above 2^63-1 comes out negative. */
  public long number(int field) {
    return last(field, VARINT).map(Field::value).orElse(0L);
  }

  /** A bool. */
  public boolean flag(int field) {
    return number(field) != 0;
  }

  /** A string; bytes that are no UTF-8 are replaced. */
  public String text(int field) {
    return last(field, BYTES).map(this::text).orElse("");
  }

  /** A repeated string. */
  public List<String> texts(int field) {
    return all(field, BYTES).stream().map(this::text).toList();
  }

  /** Bytes; none if it is not there. */
  public byte[] bytes(int field) {
    return last(field, BYTES).map(this::content).orElseGet(() -> new byte[0]);
  }

  /** Whether a field is there. */
  public boolean has(int field) {
    return fields.containsKey(field);
  }

  /** A message within this one; the empty one if it is not there. */
  public Message message(int field) {
    return last(field, BYTES).map(f -> parse(content(f))).orElse(EMPTY);
  }

  /** A repeated message. */
  public List<Message> messages(int field) {
    return all(field, BYTES).stream().map(f -> parse(content(f))).toList();
  }
}

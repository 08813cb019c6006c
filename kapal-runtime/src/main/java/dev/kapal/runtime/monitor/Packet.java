package dev.kapal.runtime.monitor;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/** Packets of docs/monitor-protocol.md. */
public final class Packet {
  static final int MAX = 65536;
  static final int HEADER = 16;

  static final int HELLO = 1;
  public static final int LAUNCH = 2;
  public static final int CONTINUE = 3;
  public static final int ATTACH = 4;
  static final int DETACH = 5;
  public static final int SIGNAL = 6;
  static final int RESIZE = 7;
  static final int CLOSE_INPUT = 8;
  static final int REOPEN_LOG = 9;
  public static final int STATUS = 10;
  static final int NAMESPACES = 11;
  public static final int FORGET = 12;
  public static final int QUIT = 13;
  static final int TERMINAL = 14;
  public static final int ADOPT = 15;
  public static final int RELAY = 16;
  public static final int FINISH = 17;

  static final int OK = 100;
  static final int ERROR = 101;

  static final int EVENT_SYNC = 200;
  static final int EVENT_RUNNING = 201;
  static final int EVENT_FAILED = 202;
  static final int EVENT_EXITED = 203;
  static final int EVENT_LAUNCHED = 204;
  static final int EVENT_INPUT_CLOSED = 205;

  private final ByteBuffer bytes;

  private Packet(int type, int process, int body) {
    bytes = ByteBuffer.allocate(HEADER + body).order(ByteOrder.LITTLE_ENDIAN);
    bytes.putInt(0).putShort((short) type).putShort((short) 0).putInt(0).putInt(process);
  }

  public static Packet of(int type, int process, int... words) {
    Packet packet = new Packet(type, process, 4 * words.length);
    for (int word : words) {
      packet.bytes.putInt(word);
    }
    return packet;
  }

  public static Packet withBody(int type, int process, int size) {
    return new Packet(type, process, size);
  }

  public Packet u16(int value) {
    bytes.putShort((short) value);
    return this;
  }

  public Packet u32(int value) {
    bytes.putInt(value);
    return this;
  }

  public Packet u64(long value) {
    bytes.putLong(value);
    return this;
  }

  public Packet text(String text) {
    byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
    bytes.putInt(utf8.length).put(utf8);
    return this;
  }

  public static int textSize(String text) {
    return 4 + text.getBytes(StandardCharsets.UTF_8).length;
  }

  byte[] encode(int request) {
    byte[] array = bytes.array();
    ByteBuffer header = ByteBuffer.wrap(array).order(ByteOrder.LITTLE_ENDIAN);
    header.putInt(0, array.length).putInt(8, request);
    return array;
  }

  /** A received packet's header and body. */
  record Received(int type, int request, int process, ByteBuffer body) {
    /** Parses a packet; its length is the socket's. */
    static Received parse(byte[] bytes, int length) {
      ByteBuffer in = ByteBuffer.wrap(bytes, 0, length).order(ByteOrder.LITTLE_ENDIAN);
      if (length < HEADER || in.getInt(0) != length) {
        throw new IllegalArgumentException("a packet of " + length + " bytes with a wrong length");
      }
      int type = in.getShort(4) & 0xffff;
      return new Received(
          type,
          in.getInt(8),
          in.getInt(12),
          in.slice(HEADER, length - HEADER).order(ByteOrder.LITTLE_ENDIAN));
    }
  }
}

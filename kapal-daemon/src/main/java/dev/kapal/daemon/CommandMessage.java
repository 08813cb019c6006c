package dev.kapal.daemon;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The body of COMMAND, the first message of a client (docs/client-protocol.md).
 *
 * @param terminals those of the descriptors 0, 1, 2 that are terminals
 * @param environment the last entry of a name counts, as in getenv(3) of most programs' copies
 */
record CommandMessage(
    Set<Integer> terminals,
    int rows,
    int columns,
    String directory,
    List<String> arguments,
    Map<String, String> environment) {
  static final int VERSION = 1;
  private static final int MOST_STRINGS = 65_536;

  /**
   * Reads the body.
   *
   * @throws ProtocolException when it breaks the protocol
   */
  static CommandMessage read(byte[] body) {
    ByteBuffer in = ByteBuffer.wrap(body).order(ByteOrder.LITTLE_ENDIAN);
    if (in.remaining() < 20) {
      throw new ProtocolException("COMMAND of " + body.length + " bytes is shorter than its head");
    }
    int version = in.getInt();
    if (version != VERSION) {
      throw new ProtocolException(
          "the client speaks version " + version + " of the protocol, this daemon 1");
    }
    int flags = in.getInt();
    int rows = Short.toUnsignedInt(in.getShort());
    int columns = Short.toUnsignedInt(in.getShort());
    int arguments = count(in.getInt(), "arguments");
    int entries = count(in.getInt(), "environment entries");
    String directory = string(in);
    List<String> words = new ArrayList<>(Math.min(arguments, 64));
    for (int i = 0; i < arguments; i++) {
      words.add(string(in));
    }
    Map<String, String> environment = new HashMap<>();
    for (int i = 0; i < entries; i++) {
      String entry = string(in);
      int equals = entry.indexOf('=');
      if (equals > 0) {
        environment.put(entry.substring(0, equals), entry.substring(equals + 1));
      }
    }
    if (in.hasRemaining()) {
      throw new ProtocolException(in.remaining() + " bytes stand behind the last string");
    }
    Set<Integer> terminals = new HashSet<>();
    for (int descriptor = 0; descriptor < 3; descriptor++) {
      if ((flags >> descriptor & 1) != 0) {
        terminals.add(descriptor);
      }
    }
    return new CommandMessage(
        Set.copyOf(terminals),
        rows,
        columns,
        directory,
        List.copyOf(words),
        Map.copyOf(environment));
  }

  private static int count(int count, String what) {
    if (count < 0 || count > MOST_STRINGS) {
      throw new ProtocolException(Integer.toUnsignedString(count) + " " + what + " are too many");
    }
    return count;
  }

  private static String string(ByteBuffer in) {
    int start = in.position();
    while (in.hasRemaining()) {
      if (in.get() == 0) {
        byte[] bytes = new byte[in.position() - 1 - start];
        in.get(start, bytes);
        return new String(bytes, StandardCharsets.UTF_8);
      }
    }
    throw new ProtocolException("a string runs over the end of COMMAND");
  }
}

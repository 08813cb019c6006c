package dev.kapal.linux;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Reads /proc/PID/mountinfo, see proc(5). */
final class MountInfoParser {
  private MountInfoParser() {}

  static List<MountInfo> parse(String text) {
    List<MountInfo> mounts = new ArrayList<>();
    int start = 0;
    // Only '\n' ends a line: names may hold any other character, U+0085 or '\r' too.
    while (start < text.length()) {
      int end = text.indexOf('\n', start);
      end = end < 0 ? text.length() : end;
      if (end > start) {
        mounts.add(line(text.substring(start, end)));
      }
      start = end + 1;
    }
    return List.copyOf(mounts);
  }

  private static MountInfo line(String line) {
    String[] part = line.split(" ", -1);
    int dash = Arrays.asList(part).indexOf("-");
    if (part.length < 10 || dash < 6 || dash + 3 >= part.length) {
      throw malformed(line);
    }
    try {
      String[] device = part[2].split(":", -1);
      return new MountInfo(
          Integer.parseInt(part[0]),
          Integer.parseInt(part[1]),
          new Device(Integer.parseUnsignedInt(device[0]), Integer.parseUnsignedInt(device[1])),
          unescape(part[3]),
          unescape(part[4]),
          List.of(part[5].split(",", -1)),
          List.of(part).subList(6, dash),
          unescape(part[dash + 1]),
          unescape(part[dash + 2]),
          options(part[dash + 3]));
    } catch (NumberFormatException | ArrayIndexOutOfBoundsException _) {
      throw malformed(line);
    }
  }

  /** Options are split before their escapes are undone: a comma may be escaped too. */
  private static List<String> options(String text) {
    return Arrays.stream(text.split(",", -1)).map(MountInfoParser::unescape).toList();
  }

  /** Undoes \ooo. Several of them may be the bytes of one character, so this works on bytes. */
  static String unescape(String text) {
    if (text.indexOf('\\') < 0) {
      return text;
    }
    byte[] in = PathBytes.encode(text);
    byte[] out = new byte[in.length];
    int n = 0;
    for (int i = 0; i < in.length; i++) {
      if (in[i] == '\\' && i + 3 < in.length && octal(in, i + 1) >= 0) {
        out[n++] = (byte) octal(in, i + 1);
        i += 3;
      } else {
        out[n++] = in[i];
      }
    }
    return PathBytes.decode(out, 0, n);
  }

  private static int octal(byte[] in, int from) {
    int value = 0;
    for (int i = from; i < from + 3; i++) {
      if (in[i] < '0' || in[i] > '7') {
        return -1;
      }
      value = value * 8 + in[i] - '0';
    }
    return value <= 255 ? value : -1;
  }

  private static ProcFormatException malformed(String line) {
    return new ProcFormatException("mountinfo", line, "a mount as proc(5) describes it");
  }
}

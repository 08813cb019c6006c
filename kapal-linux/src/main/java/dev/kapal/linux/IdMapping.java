package dev.kapal.linux;

import java.util.ArrayList;
import java.util.List;

/**
 * One line of /proc/PID/uid_map or gid_map, see user_namespaces(7). All are unsigned 32-bit values.
 *
 * @param inside first id inside the namespace
 * @param outside first id outside
 * @param length how many ids, at least 1
 */
public record IdMapping(long inside, long outside, long length) {
  private static final long LIMIT = 0x1_0000_0000L;

  /**
   * @throws IllegalArgumentException when an id is not in 0 to 2^32-2
   */
  public IdMapping {
    if (inside < 0
        || outside < 0
        || length < 1
        || length > LIMIT
        || inside + length > LIMIT
        || outside + length > LIMIT) {
      throw new IllegalArgumentException(
          "not an id mapping: " + inside + " " + outside + " " + length);
    }
  }

  /**
   * Reads a map.
   *
   * @throws ProcFormatException when a line is not three numbers
   */
  public static List<IdMapping> parse(String text) {
    List<IdMapping> mappings = new ArrayList<>();
    for (String line : text.lines().filter(l -> !l.isBlank()).toList()) {
      String[] part = line.strip().split("\\s+", -1);
      try {
        if (part.length != 3) {
          throw new IllegalArgumentException("three numbers expected");
        }
        mappings.add(
            new IdMapping(
                Long.parseLong(part[0]), Long.parseLong(part[1]), Long.parseLong(part[2])));
      } catch (IllegalArgumentException _) {
        throw new ProcFormatException("an id map", line, "INSIDE OUTSIDE LENGTH");
      }
    }
    return List.copyOf(mappings);
  }

  /** The user map of a process. */
  public static List<IdMapping> uids(int pid) {
    return parse(ProcFiles.text("/proc/" + pid + "/uid_map"));
  }

  /** The group map of a process. */
  public static List<IdMapping> gids(int pid) {
    return parse(ProcFiles.text("/proc/" + pid + "/gid_map"));
  }

  /** As the kernel reads it. */
  public static String format(List<IdMapping> mappings) {
    StringBuilder text = new StringBuilder();
    mappings.forEach(m ->
        text.append(m.inside)
            .append(' ')
            .append(m.outside)
            .append(' ')
            .append(m.length)
            .append('\n'));
    return text.toString();
  }
}

package dev.kapal.linux;

import java.util.ArrayList;
import java.util.List;

/**
 * A range of /etc/subuid or /etc/subgid, see subuid(5).
 *
 * @param owner a user's name or number
 * @param first the first id
 * @param count how many
 */
public record SubordinateIds(String owner, long first, long count) {
  /** Reads a whole file; comments, blank lines and lines that are not ranges are passed over. */
  public static List<SubordinateIds> parse(String text) {
    List<SubordinateIds> ranges = new ArrayList<>();
    for (String line : text.lines().map(String::strip).toList()) {
      String[] part = line.split(":", -1);
      if (line.startsWith("#") || part.length != 3 || part[0].isEmpty()) {
        continue;
      }
      try {
        long first = Long.parseLong(part[1]);
        long count = Long.parseLong(part[2]);
        if (first >= 0 && count > 0 && first <= 0xffff_fffeL && count <= 0xffff_ffffL - first) {
          ranges.add(new SubordinateIds(part[0], first, count));
        }
      } catch (NumberFormatException _) {
        // Passed over, as login's own tools do.
      }
    }
    return List.copyOf(ranges);
  }

  /** The user ranges of this host; empty without a file. */
  public static List<SubordinateIds> uids() {
    return ProcFiles.textIfExists("/etc/subuid").map(SubordinateIds::parse).orElse(List.of());
  }

  /** The group ranges of this host; empty without a file. */
  public static List<SubordinateIds> gids() {
    return ProcFiles.textIfExists("/etc/subgid").map(SubordinateIds::parse).orElse(List.of());
  }
}

package dev.kapal.daemon;

import dev.kapal.linux.Processes;
import dev.kapal.linux.Sockets;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalLong;

/**
 * Who may use the command socket: root, the daemon's own user, and members of the group named in
 * the daemon's options. Whoever may run containers is root on this host. The socket's mode says the
 * same; this holds when somebody has widened the mode.
 */
final class Access {
  private static final Path GROUPS = Path.of("/etc/group");

  private Access() {}

  /** The id of a group, if it exists. */
  static OptionalLong group(String name) {
    try {
      return group(name, Files.readAllLines(GROUPS));
    } catch (IOException e) {
      return OptionalLong.empty();
    }
  }

  /** The id of a group in the lines of group(5). */
  static OptionalLong group(String name, List<String> lines) {
    for (String line : lines) {
      String[] fields = line.split(":", -1);
      if (fields.length >= 3 && fields[0].equals(name) && fields[2].matches("[0-9]{1,9}")) {
        return OptionalLong.of(Long.parseLong(fields[2]));
      }
    }
    return OptionalLong.empty();
  }

  /** Whether a peer may command. */
  static boolean allowed(Sockets.Credentials peer, Processes processes, OptionalLong group) {
    if (peer.uid() == 0) {
      return true;
    }
    OptionalLong own = ownUid(processes);
    if (own.isPresent() && own.getAsLong() == peer.uid()) {
      return true;
    }
    return group.isPresent()
        && (peer.gid() == group.getAsLong()
            || processes
                .status(peer.pid(), "Groups")
                .map(groups -> contains(groups, group.getAsLong()))
                .orElse(false));
  }

  private static OptionalLong ownUid(Processes processes) {
    return processes
        .status(processes.self(), "Uid")
        .map(line -> OptionalLong.of(Long.parseLong(line.split("\\s+", -1)[1])))
        .orElse(OptionalLong.empty());
  }

  private static boolean contains(String groups, long wanted) {
    return Arrays.asList(groups.split("\\s+", -1)).contains(Long.toString(wanted));
  }
}

package dev.kapal.daemon;

import dev.kapal.linux.Sockets;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalLong;

/**
 * Who may use the command socket: root, the daemon's own user, and whom the socket's mode lets in, which is the group
 * named in the daemon's options. Whoever may run containers is root on this host.
 */
final class Access {
  private static final Path GROUPS = Path.of("/etc/group");

  private Access() {}

  /** The id of a group, if it exists. */
  static OptionalLong group(String name) {
    List<String> lines;
    try {
      lines = Files.readAllLines(GROUPS);
    } catch (IOException e) {
      return OptionalLong.empty();
    }
    for (String line : lines) {
      String[] fields = line.split(":", -1);
      if (fields.length >= 3 && fields[0].equals(name) && fields[2].matches("[0-9]{1,9}")) {
        return OptionalLong.of(Long.parseLong(fields[2]));
      }
    }
    return OptionalLong.empty();
  }

  /**
   * Whether a peer that could open the socket may command. The kernel has checked the socket's mode against all groups
   * of the peer; what is left is a socket whose mode somebody has widened.
   */
  static boolean allowed(
      Sockets.Credentials peer, long self, OptionalLong group, List<Long> supplementary) {
    if (peer.uid() == 0 || peer.uid() == self) {
      return true;
    }
    return group.isPresent()
        && (peer.gid() == group.getAsLong() || supplementary.contains(group.getAsLong()));
  }
}

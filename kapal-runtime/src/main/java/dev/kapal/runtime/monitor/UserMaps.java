package dev.kapal.runtime.monitor;

import static dev.kapal.linux.Fcntl.*;

import dev.kapal.linux.ErrnoException;
import dev.kapal.linux.Fd;
import dev.kapal.linux.Linux;
import dev.kapal.oci.runtime.IdMapping;
import dev.kapal.runtime.ContainerException;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** Writes the id maps of a process's new user namespace (user_namespaces(7)), from outside. */
public final class UserMaps {
  private UserMaps() {}

  public static void write(Linux linux, int pid, List<IdMapping> uids, List<IdMapping> gids) {
    write(linux, "/proc/" + pid + "/uid_map", uids);
    write(linux, "/proc/" + pid + "/gid_map", gids);
  }

  /** As the kernel takes them. */
  static String text(List<IdMapping> maps) {
    StringBuilder text = new StringBuilder();
    maps.forEach(m ->
        text.append(m.containerId())
            .append(' ')
            .append(m.hostId())
            .append(' ')
            .append(m.size())
            .append('\n'));
    return text.toString();
  }

  /** Writes one map, to its file. */
  public static void write(Linux linux, String path, List<IdMapping> maps) {
    String text = text(maps);
    byte[] bytes = text.getBytes(StandardCharsets.US_ASCII);
    try (Fd file = linux.descriptors().open(path, O_WRONLY)) {
      // The kernel takes a map in one write, or not at all.
      linux.descriptors().write(file, bytes, 0, bytes.length);
    } catch (ErrnoException e) {
      throw new ContainerException.Failed(
          "The id map "
              + text.strip().replace('\n', ',')
              + " of the user namespace was refused: "
              + e.errno().message(),
          e);
    }
  }
}

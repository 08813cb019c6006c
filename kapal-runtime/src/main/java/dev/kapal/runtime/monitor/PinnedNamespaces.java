package dev.kapal.runtime.monitor;

import static dev.kapal.linux.Fcntl.*;

import dev.kapal.linux.Errno;
import dev.kapal.linux.ErrnoException;
import dev.kapal.linux.Fd;
import dev.kapal.linux.Linux;
import dev.kapal.linux.MountFlags;
import dev.kapal.oci.runtime.NamespaceType;
import dev.kapal.runtime.ContainerException;
import dev.kapal.runtime.SandboxSpec;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Map;

/** A sandbox's namespaces, held by mounts on files. */
public record PinnedNamespaces(Linux linux, Map<NamespaceType, Path> paths) {
  /** Has the monitor make them, as the sandbox is asked for. */
  public void pin(MonitorConnection monitor, SandboxSpec spec) {
    if (paths.isEmpty()) {
      return;
    }
    List<NamespaceType> order =
        paths.keySet().stream().sorted(Comparator.comparingInt(t -> t.cloneFlag())).toList();
    int flags = 0;
    int size = 4;
    for (NamespaceType type : order) {
      flags |= type.cloneFlag();
      size += Packet.textSize(path(type));
      linux.descriptors().open(path(type), O_WRONLY | O_CREAT | O_NOFOLLOW, 0600).close();
    }
    boolean user = paths.containsKey(NamespaceType.USER);
    String uids = UserMaps.text(spec.uidMappings());
    String gids = UserMaps.text(spec.gidMappings());
    if (user) {
      size += Packet.textSize(uids) + Packet.textSize(gids);
    }
    Packet packet = Packet.withBody(Packet.NAMESPACES, 0, size).u32(flags);
    order.forEach(type -> packet.text(path(type)));
    if (user) {
      packet.text(uids).text(gids);
    }
    monitor.ask(packet, List.of());
  }

  private String path(NamespaceType type) {
    return String.valueOf(paths.get(type));
  }

  /** Lets go of them; harmless when they are gone. */
  public void unpin() {
    for (Path path : paths.values()) {
      try {
        linux.mounts().umount(path.toString(), MountFlags.MNT_DETACH | MountFlags.UMOUNT_NOFOLLOW);
      } catch (ErrnoException e) {
        if (!e.is(Errno.EINVAL, Errno.ENOENT)) {
          throw new ContainerException.Failed(
              "The namespace at " + path + " cannot be unmounted: " + e.getMessage(), e);
        }
      }
      try {
        linux.descriptors().unlinkat(Fd.CWD, path.toString(), 0);
      } catch (ErrnoException e) {
        if (!e.is(Errno.ENOENT)) {
          throw new ContainerException.Failed(
              "The file " + path + " cannot be removed: " + e.getMessage(), e);
        }
      }
    }
  }
}

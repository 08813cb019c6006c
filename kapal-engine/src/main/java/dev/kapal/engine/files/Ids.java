package dev.kapal.engine.files;

import dev.kapal.engine.spec.NamespaceMode;
import dev.kapal.engine.spec.NamespaceSpec;
import dev.kapal.engine.spec.NamespaceSpec.IdMapping;
import java.util.List;

/** Owners as a container sees them, and as the host does; empty maps change nothing. */
public record Ids(List<IdMapping> uids, List<IdMapping> gids) {
  /** Without a user namespace. */
  public static final Ids SAME = new Ids(List.of(), List.of());

  private static final long NOBODY = 65534;

  /** As a container with these namespaces sees them. */
  public static Ids of(NamespaceSpec n) {
    return n.user().kind() == NamespaceMode.Kind.PRIVATE
        ? new Ids(n.uidMappings(), n.gidMappings())
        : SAME;
  }

  /** A user of the container as the host sees it. */
  public long hostUid(long uid) {
    return toHost(uids, uid);
  }

  /** A group of the container as the host sees it. */
  public long hostGid(long gid) {
    return toHost(gids, gid);
  }

  long uid(long host) {
    return toContainer(uids, host);
  }

  long gid(long host) {
    return toContainer(gids, host);
  }

  private static long toHost(List<IdMapping> map, long id) {
    if (map.isEmpty()) {
      return id;
    }
    for (IdMapping m : map) {
      if (id >= m.containerId() && id < m.containerId() + m.size()) {
        return m.hostId() + (id - m.containerId());
      }
    }
    // An owner that the container does not know becomes its root, never one of the host's.
    return map.getFirst().hostId();
  }

  private static long toContainer(List<IdMapping> map, long host) {
    if (map.isEmpty()) {
      return host;
    }
    for (IdMapping m : map) {
      if (host >= m.hostId() && host < m.hostId() + m.size()) {
        return m.containerId() + (host - m.hostId());
      }
    }
    return NOBODY;
  }
}

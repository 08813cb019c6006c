package dev.kapal.engine.spec;

import java.util.List;

/**
 * The namespaces other than mount and network.
 *
 * @param pid private, host, container:X
 * @param ipc private, shareable, none, host, container:X
 * @param uts private, host
 * @param user host (the default: none of its own), private (with the maps given)
 * @param cgroup private, host
 * @param uidMappings for a private user namespace; empty: the engine's configured range
 * @param gidMappings as uidMappings
 */
public record NamespaceSpec(
    NamespaceMode pid,
    NamespaceMode ipc,
    NamespaceMode uts,
    NamespaceMode user,
    NamespaceMode cgroup,
    List<IdMapping> uidMappings,
    List<IdMapping> gidMappings) {

  /** One line of an id map, see user_namespaces(7). */
  public record IdMapping(long containerId, long hostId, long size) {
    public IdMapping {
      if (containerId < 0
          || hostId < 0
          || size < 1
          || containerId + size > 0xffff_ffffL
          || hostId + size > 0xffff_ffffL) {
        throw new IllegalArgumentException(
            "id mapping " + containerId + ":" + hostId + ":" + size + " is out of range");
      }
    }
  }

  public static final NamespaceSpec DEFAULT =
      new NamespaceSpec(
          NamespaceMode.DEFAULT,
          NamespaceMode.DEFAULT,
          NamespaceMode.DEFAULT,
          NamespaceMode.DEFAULT,
          NamespaceMode.DEFAULT,
          List.of(),
          List.of());

  public NamespaceSpec {
    uidMappings = List.copyOf(uidMappings);
    gidMappings = List.copyOf(gidMappings);
  }

  public NamespaceSpec withPid(NamespaceMode mode) {
    return new NamespaceSpec(mode, ipc, uts, user, cgroup, uidMappings, gidMappings);
  }

  public NamespaceSpec withIpc(NamespaceMode mode) {
    return new NamespaceSpec(pid, mode, uts, user, cgroup, uidMappings, gidMappings);
  }

  public NamespaceSpec withUts(NamespaceMode mode) {
    return new NamespaceSpec(pid, ipc, mode, user, cgroup, uidMappings, gidMappings);
  }

  public NamespaceSpec withUser(
      NamespaceMode mode, List<IdMapping> uidMappings, List<IdMapping> gidMappings) {
    return new NamespaceSpec(pid, ipc, uts, mode, cgroup, uidMappings, gidMappings);
  }

  public NamespaceSpec withCgroup(NamespaceMode mode) {
    return new NamespaceSpec(pid, ipc, uts, user, mode, uidMappings, gidMappings);
  }
}

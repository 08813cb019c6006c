package dev.kapal.engine.config;

import dev.kapal.engine.store.ContainerRecord;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Everything that a runtime config is made of, but for the host's facts.
 *
 * @param container what was asked for, resolved
 * @param user who runs it
 * @param mounts volumes, binds and tmpfs with their sources resolved, in any order
 * @param files host paths by their places inside: /etc/hostname, /etc/hosts, /etc/resolv.conf
 * @param join namespaces of others, by the name in /proc/PID/ns
 * @param shm host path of a /dev/shm that is shared; empty: one of its own
 * @param init host path of the init program; empty: none
 */
public record ConfigRequest(
    ContainerRecord container,
    UserResolver.Resolved user,
    List<ResolvedMount> mounts,
    Map<String, String> files,
    Map<String, String> join,
    Optional<String> shm,
    Optional<String> init) {

  public ConfigRequest {
    mounts = List.copyOf(mounts);
  }

  /** A mount whose source is a path of the host that nobody inside can redirect. */
  public record ResolvedMount(dev.kapal.engine.spec.MountSpec spec, String source) {}
}

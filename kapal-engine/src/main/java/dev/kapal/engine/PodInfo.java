package dev.kapal.engine;

import dev.kapal.engine.spec.PodSpec;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * Everything about a pod at one moment.
 *
 * @param id 64 hexadecimal digits
 * @param created when
 * @param spec what was asked for
 * @param ready it takes containers; otherwise it was stopped, or its sandbox is gone
 * @param runtime the runtime's name
 * @param hostname inside
 * @param networkMode resolved: {@code host}, {@code none}, or a network's name
 * @param addresses IP addresses without prefix, the first network's first; empty with the host's
 *     network, and when it is not ready
 * @param netns path of its network namespace on the host; empty: the host's, or not ready
 * @param cgroup path below the hierarchy
 * @param containers IDs of its containers, running or not, the oldest first
 */
public record PodInfo(
    String id,
    Instant created,
    PodSpec spec,
    boolean ready,
    String runtime,
    String hostname,
    String networkMode,
    List<String> addresses,
    Optional<String> netns,
    String cgroup,
    List<String> containers) {
  public PodInfo {
    addresses = List.copyOf(addresses);
    containers = List.copyOf(containers);
  }
}

package dev.kapal.engine;

import dev.kapal.linux.CgroupStats;
import java.time.Instant;
import java.util.Map;

/**
 * One sample of what a pod uses.
 *
 * @param time when
 * @param cgroup of the pod's cgroup, and so of all its containers
 * @param networks by the interface's name inside, loopback excepted; empty when nothing of the pod
 *     runs, and with the host's network
 */
public record PodStats(
    Instant time, CgroupStats cgroup, Map<String, ContainerStats.Network> networks) {
  public PodStats {
    networks = Map.copyOf(networks);
  }
}

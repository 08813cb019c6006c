package dev.kapal.cri.stats;

import dev.kapal.engine.ContainerStats;
import dev.kapal.engine.PodStats;
import dev.kapal.linux.CgroupStats;
import dev.kapal.linux.Pressure;
import java.time.Instant;
import java.util.Map;
import java.util.OptionalLong;

/**
 * What a container or a pod uses, in the words of both.
 *
 * @param time when
 * @param cpuNanos of all its processes since it was made
 * @param used bytes of memory, page cache included
 * @param workingSet bytes without the page cache that was not used lately: what the kubelet evicts
 *     by
 * @param limit of used; empty: none
 * @param swap bytes
 * @param swapLimit empty: none, or not known
 * @param detail the kernel's counters of memory
 * @param pressures waiting by resource
 * @param tasks processes and threads
 */
record Usage(
    Instant time,
    long cpuNanos,
    long used,
    long workingSet,
    OptionalLong limit,
    long swap,
    OptionalLong swapLimit,
    Map<String, Long> detail,
    Map<String, Pressure> pressures,
    long tasks) {

  /**
   * A container's.
   *
   * @param hostMemory a limit that is not below it is none
   */
  static Usage of(ContainerStats s, long hostMemory) {
    boolean limited = s.memoryLimit() > 0 && s.memoryLimit() < hostMemory;
    return new Usage(
        s.time(),
        s.cpuNanos(),
        s.memoryWithCache(),
        s.memory(),
        limited ? OptionalLong.of(s.memoryLimit()) : OptionalLong.empty(),
        s.swap(),
        OptionalLong.empty(),
        s.memoryDetail(),
        s.pressures(),
        s.pids());
  }

  /** A pod's, as {@link #of(ContainerStats, long)}. */
  static Usage of(PodStats s, long hostMemory) {
    CgroupStats.Memory m = s.cgroup().memory();
    return new Usage(
        s.time(),
        s.cgroup().cpu().usage(),
        m.usage(),
        m.workingSet(),
        m.limit() < hostMemory ? OptionalLong.of(m.limit()) : OptionalLong.empty(),
        m.swap(),
        m.swapLimit() < Long.MAX_VALUE ? OptionalLong.of(m.swapLimit()) : OptionalLong.empty(),
        s.cgroup().memoryDetail(),
        s.cgroup().pressures(),
        s.cgroup().pids().current());
  }

  /** What it may use on; empty: no limit. */
  OptionalLong available() {
    return limit.isPresent()
        ? OptionalLong.of(Math.max(0, limit.getAsLong() - workingSet))
        : OptionalLong.empty();
  }

  /** One of the kernel's counters; 0 where it has none. */
  long detail(String name) {
    return detail.getOrDefault(name, 0L);
  }
}

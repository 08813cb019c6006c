package dev.kapal.cri.stats;

import dev.kapal.engine.ContainerStats;
import dev.kapal.engine.ContainerStats.BlockDevice;
import dev.kapal.engine.ContainerStats.Network;
import dev.kapal.linux.Pressure;
import java.time.Instant;
import java.util.List;
import java.util.Map;

/** What an engine measures. */
final class Samples {
  static final Instant TIME = Instant.ofEpochSecond(1_700_000_000, 123);
  static final Map<String, Network> NETWORKS = Map.of("eth0", new Network(1, 2, 3, 4, 5, 6, 7, 8));

  private Samples() {}

  /** A container's, without pressure: as with version 1. */
  static ContainerStats container(long cpuNanos, long memoryLimit) {
    return container(cpuNanos, memoryLimit, Map.of());
  }

  static ContainerStats container(
      long cpuNanos, long memoryLimit, Map<String, Pressure> pressures) {
    return new ContainerStats(
        TIME,
        cpuNanos,
        cpuNanos / 3,
        cpuNanos / 3 * 2,
        2,
        3,
        9_500_000_000L,
        0,
        2,
        400,
        1000,
        2000,
        memoryLimit,
        Map.of(
            "anon",
            100L,
            "file",
            700L,
            "file_mapped",
            50L,
            "active_file",
            90L,
            "inactive_file",
            600L,
            "pgfault",
            77L,
            "pgmajfault",
            8L,
            "failures",
            4L),
        10,
        5,
        0,
        NETWORKS,
        1,
        2,
        List.of(new BlockDevice(8, 0, 1, 2, 3, 4), new BlockDevice(259, 1, 5, 6, 7, 8)),
        pressures);
  }
}

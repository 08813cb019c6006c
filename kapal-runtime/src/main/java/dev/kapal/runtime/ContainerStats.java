package dev.kapal.runtime;

import java.time.Instant;
import java.util.List;

/**
 * What a container uses, from its cgroups. What the host does not count is 0; a limit that is not
 * set is -1.
 *
 * @param at when
 * @param cpu processor time
 * @param memory memory
 * @param pids processes and threads
 * @param pidsLimit most processes and threads
 * @param blockIo by device
 */
public record ContainerStats(
    Instant at, Cpu cpu, Memory memory, long pids, long pidsLimit, List<BlockIo> blockIo) {
  /** Processor time in ns since the container was made. */
  public record Cpu(
      long usage, long user, long system, long periods, long throttledPeriods, long throttled) {}

  /**
   * Memory in bytes; {@code inactiveFile} is the part of usage that is page cache not used lately.
   */
  public record Memory(
      long usage,
      long maxUsage,
      long limit,
      long swap,
      long inactiveFile,
      long anonymous,
      long pageFaults) {}

  /** Bytes and operations of a block device. */
  public record BlockIo(
      long major,
      long minor,
      long readBytes,
      long writeBytes,
      long readOperations,
      long writeOperations) {}
}

package dev.kapal.linux;

import java.util.List;
import java.util.Map;

/**
 * What a group uses. What this host does not count is 0; a limit that is not set is {@link
 * Long#MAX_VALUE}.
 *
 * @param hugePages page size → use
 * @param memoryDetail what the kernel counts in memory.stat, of the groups below too, by the names
 *     of version 2: anon, file, file_mapped, inactive_file, active_file, pgfault, pgmajfault …
 * @param pressures resource (cpu, memory, io) → waiting for it; empty where the kernel does not
 *     measure it
 */
public record CgroupStats(
    Cpu cpu,
    Memory memory,
    Pids pids,
    List<BlockIo> blockIo,
    Map<String, HugePages> hugePages,
    Map<String, Long> memoryDetail,
    Map<String, Pressure> pressures) {
  /** ns since the group was made. */
  public record Cpu(
      long usage, long user, long system, long periods, long throttledPeriods, long throttled) {}

  /**
   * Bytes.
   *
   * @param usage all of it
   * @param limit what it may use
   * @param cache page cache
   * @param workingSet usage without inactive page cache, as kubelet counts it
   * @param swap in use, without memory
   * @param swapLimit without memory
   * @param peak highest usage
   * @param rss anonymous memory
   * @param failures how often the limit was hit
   */
  public record Memory(
      long usage,
      long limit,
      long cache,
      long workingSet,
      long swap,
      long swapLimit,
      long peak,
      long rss,
      long failures) {}

  public record Pids(long current, long limit) {}

  public record BlockIo(
      Device device,
      long readBytes,
      long writtenBytes,
      long readOperations,
      long writeOperations) {}

  public record HugePages(long usage, long peak, long failures) {}
}

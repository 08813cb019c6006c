package dev.kapal.runtime;

import dev.kapal.linux.Pressure;
import java.time.Instant;
import java.util.List;
import java.util.Map;

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
 * @param memoryDetail further counters of memory by the kernel's own names, as {@link
 *     dev.kapal.linux.CgroupStats} has them; empty: the runtime does not tell
 * @param pressures waiting for a resource (cpu, memory, io); empty: not measured
 */
public record ContainerStats(
    Instant at,
    Cpu cpu,
    Memory memory,
    long pids,
    long pidsLimit,
    List<BlockIo> blockIo,
    Map<String, Long> memoryDetail,
    Map<String, Pressure> pressures) {

  /** Among the details of memory: how often the limit was hit. */
  public static final String MEMORY_FAILURES = "failures";

  /** As a runtime tells it that knows the main counters only. */
  public ContainerStats(
      Instant at, Cpu cpu, Memory memory, long pids, long pidsLimit, List<BlockIo> blockIo) {
    this(at, cpu, memory, pids, pidsLimit, blockIo, Map.of(), Map.of());
  }

  /** This, with limits that it does not know taken from what the kernel says of its cgroup. */
  public ContainerStats withLimits(ContainerStats kernel) {
    Memory limited =
        new Memory(
            memory.usage,
            memory.maxUsage,
            memory.limit < 0 ? kernel.memory.limit : memory.limit,
            memory.swap,
            memory.inactiveFile,
            memory.anonymous,
            memory.pageFaults);
    return new ContainerStats(
        at,
        cpu,
        limited,
        pids,
        pidsLimit < 0 ? kernel.pidsLimit : pidsLimit,
        blockIo,
        memoryDetail,
        pressures);
  }

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

package dev.kapal.engine;

import dev.kapal.linux.Pressure;
import java.time.Instant;
import java.util.List;
import java.util.Map;

/**
 * One sample of what a container uses. Counters count from its start.
 *
 * @param time when
 * @param cpuNanos CPU time of all its processes
 * @param cpuUserNanos of it, in user mode
 * @param cpuSystemNanos of it, in the kernel
 * @param throttledPeriods periods in which it was held back
 * @param periods periods with a limit
 * @param throttledNanos time for which it was held back
 * @param systemNanos CPU time of the whole host, for ratios
 * @param onlineCpus CPUs of the host
 * @param memory bytes without the page cache that can be dropped
 * @param memoryWithCache bytes
 * @param memoryPeak bytes; 0: not known
 * @param memoryLimit bytes; the host's memory when there is no limit
 * @param memoryDetail as in the kernel's memory.stat, by the names of version 2, and {@code
 *     failures}: how often the limit was hit
 * @param swap bytes
 * @param pids processes and threads
 * @param pidsLimit 0: none
 * @param networks by interface name
 * @param blockRead bytes
 * @param blockWritten bytes
 * @param blockDevices per device
 * @param pressures waiting for a resource (cpu, memory, io); empty: not measured
 */
public record ContainerStats(
    Instant time,
    long cpuNanos,
    long cpuUserNanos,
    long cpuSystemNanos,
    long throttledPeriods,
    long periods,
    long throttledNanos,
    long systemNanos,
    int onlineCpus,
    long memory,
    long memoryWithCache,
    long memoryPeak,
    long memoryLimit,
    Map<String, Long> memoryDetail,
    long swap,
    long pids,
    long pidsLimit,
    Map<String, Network> networks,
    long blockRead,
    long blockWritten,
    List<BlockDevice> blockDevices,
    Map<String, Pressure> pressures) {

  /** Counters of an interface. */
  public record Network(
      long receivedBytes,
      long receivedPackets,
      long receivedErrors,
      long receivedDropped,
      long sentBytes,
      long sentPackets,
      long sentErrors,
      long sentDropped) {}

  /** Counters of a block device. */
  public record BlockDevice(
      int major, int minor, long readBytes, long writtenBytes, long reads, long writes) {}
}

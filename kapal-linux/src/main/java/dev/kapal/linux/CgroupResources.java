package dev.kapal.linux;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Limits, with the meanings of the OCI runtime specification's config-linux "Control groups". What
 * is empty is left as it is.
 *
 * @param devices rules in order: the last one that matches wins; empty: no rules are set
 * @param unified files of cgroup v2 and what to write to them
 */
public record CgroupResources(
    Cpu cpu,
    Memory memory,
    Optional<Long> pids,
    BlockIo blockIo,
    List<HugePages> hugePages,
    Map<String, String> unified,
    List<DeviceRule> devices) {
  /** Sets nothing. */
  public static final CgroupResources NONE =
      new CgroupResources(
          Cpu.NONE, Memory.NONE, Optional.empty(), BlockIo.NONE, List.of(), Map.of(), List.of());

  public CgroupResources withCpu(Cpu value) {
    return new CgroupResources(value, memory, pids, blockIo, hugePages, unified, devices);
  }

  public CgroupResources withMemory(Memory value) {
    return new CgroupResources(cpu, value, pids, blockIo, hugePages, unified, devices);
  }

  /** The most processes and threads; -1: any number. */
  public CgroupResources withPids(long value) {
    return new CgroupResources(
        cpu, memory, Optional.of(value), blockIo, hugePages, unified, devices);
  }

  public CgroupResources withBlockIo(BlockIo value) {
    return new CgroupResources(cpu, memory, pids, value, hugePages, unified, devices);
  }

  public CgroupResources withHugePages(List<HugePages> value) {
    return new CgroupResources(cpu, memory, pids, blockIo, value, unified, devices);
  }

  public CgroupResources withUnified(Map<String, String> value) {
    return new CgroupResources(cpu, memory, pids, blockIo, hugePages, value, devices);
  }

  public CgroupResources withDevices(List<DeviceRule> value) {
    return new CgroupResources(cpu, memory, pids, blockIo, hugePages, unified, value);
  }

  /**
   * @param shares 2 to 262144, as in v1; converted for v2
   * @param quota µs of CPU in each period; -1: no limit
   * @param period µs
   * @param burst µs that may be saved up
   * @param idle 1: SCHED_IDLE for the group
   * @param realtimeRuntime µs, v1 only
   * @param realtimePeriod µs, v1 only
   * @param cpus list such as 0-3,7
   * @param mems list of memory nodes
   */
  public record Cpu(
      Optional<Long> shares,
      Optional<Long> quota,
      Optional<Long> period,
      Optional<Long> burst,
      Optional<Long> idle,
      Optional<Long> realtimeRuntime,
      Optional<Long> realtimePeriod,
      Optional<String> cpus,
      Optional<String> mems) {
    /** Sets nothing. */
    public static final Cpu NONE =
        new Cpu(
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            Optional.empty());

    public Cpu withShares(long value) {
      return new Cpu(
          Optional.of(value),
          quota,
          period,
          burst,
          idle,
          realtimeRuntime,
          realtimePeriod,
          cpus,
          mems);
    }

    /** Both in µs. */
    public Cpu withQuota(long quotaMicros, long periodMicros) {
      return new Cpu(
          shares,
          Optional.of(quotaMicros),
          Optional.of(periodMicros),
          burst,
          idle,
          realtimeRuntime,
          realtimePeriod,
          cpus,
          mems);
    }

    public Cpu withCpus(String value) {
      return new Cpu(
          shares,
          quota,
          period,
          burst,
          idle,
          realtimeRuntime,
          realtimePeriod,
          Optional.of(value),
          mems);
    }
  }

  /**
   * Bytes; -1: no limit.
   *
   * @param limit of memory
   * @param reservation soft limit
   * @param swap limit of memory and swap together, as in v1; converted for v2
   * @param kernel v1 only, gone from newer kernels
   * @param kernelTcp v1 only
   * @param swappiness 0 to 100, v1 only
   * @param disableOomKiller v1 only
   * @param checkBeforeUpdate refuse a limit below what is in use
   */
  public record Memory(
      Optional<Long> limit,
      Optional<Long> reservation,
      Optional<Long> swap,
      Optional<Long> kernel,
      Optional<Long> kernelTcp,
      Optional<Long> swappiness,
      Optional<Boolean> disableOomKiller,
      boolean checkBeforeUpdate) {
    /** Sets nothing. */
    public static final Memory NONE =
        new Memory(
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            false);

    public Memory withLimit(long bytes) {
      return new Memory(
          Optional.of(bytes),
          reservation,
          swap,
          kernel,
          kernelTcp,
          swappiness,
          disableOomKiller,
          checkBeforeUpdate);
    }

    /** Memory and swap together. */
    public Memory withSwap(long bytes) {
      return new Memory(
          limit,
          reservation,
          Optional.of(bytes),
          kernel,
          kernelTcp,
          swappiness,
          disableOomKiller,
          checkBeforeUpdate);
    }

    public Memory withReservation(long bytes) {
      return new Memory(
          limit,
          Optional.of(bytes),
          swap,
          kernel,
          kernelTcp,
          swappiness,
          disableOomKiller,
          checkBeforeUpdate);
    }
  }

  /**
   * @param weight 10 to 1000; converted for v2
   * @param leafWeight 10 to 1000, v1 only
   */
  public record BlockIo(
      Optional<Integer> weight,
      Optional<Integer> leafWeight,
      List<DeviceWeight> deviceWeights,
      List<Throttle> readBytes,
      List<Throttle> writeBytes,
      List<Throttle> readOperations,
      List<Throttle> writeOperations) {
    /** Sets nothing. */
    public static final BlockIo NONE =
        new BlockIo(
            Optional.empty(),
            Optional.empty(),
            List.of(),
            List.of(),
            List.of(),
            List.of(),
            List.of());
  }

  public record DeviceWeight(
      Device device, Optional<Integer> weight, Optional<Integer> leafWeight) {}

  /** Per second; 0: no limit. */
  public record Throttle(Device device, long rate) {}

  /**
   * @param pageSize as in the file names, such as 2MB or 1GB
   */
  public record HugePages(String pageSize, long limitBytes) {}

  /**
   * @param type 'a' (all), 'b' or 'c'
   * @param major empty: any
   * @param minor empty: any
   * @param access some of r, w and m
   */
  public record DeviceRule(
      boolean allow, char type, Optional<Long> major, Optional<Long> minor, String access) {}
}

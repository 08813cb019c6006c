package dev.kapal.oci.runtime;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import tools.jackson.databind.annotation.JsonDeserialize;
import tools.jackson.databind.annotation.JsonSerialize;

/**
 * Limits set through cgroups (config-linux.md, Control groups).
 *
 * @param devices device access rules in order; the last match decides
 * @param memory memory
 * @param cpu processor time
 * @param pids number of processes
 * @param blockIo block devices
 * @param hugepageLimits huge pages
 * @param network network class
 * @param rdma RDMA, by device
 * @param unified cgroup v2 files, by name
 */
public record Resources(
    List<DeviceRule> devices,
    Optional<Memory> memory,
    Optional<Cpu> cpu,
    Optional<Pids> pids,
    @JsonProperty("blockIO") Optional<BlockIo> blockIo,
    List<HugepageLimit> hugepageLimits,
    Optional<Network> network,
    Map<String, Rdma> rdma,
    Map<String, String> unified) {
  /** Absent members get their defaults. */
  public Resources {
    devices = Defaults.list(devices);
    memory = Defaults.optional(memory);
    cpu = Defaults.optional(cpu);
    pids = Defaults.optional(pids);
    blockIo = Defaults.optional(blockIo);
    hugepageLimits = Defaults.list(hugepageLimits);
    network = Defaults.optional(network);
    rdma = Defaults.map(rdma);
    unified = Defaults.map(unified);
  }

  /** A value in which everything is absent; build on it with the {@code with} methods. */
  public static Resources empty() {
    return new Resources(
        List.of(),
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        List.of(),
        Optional.empty(),
        Map.of(),
        Map.of());
  }

  /** This, with another {@code devices}. */
  public Resources withDevices(List<DeviceRule> devices) {
    return new Resources(
        devices, memory, cpu, pids, blockIo, hugepageLimits, network, rdma, unified);
  }

  /** This, with another {@code memory}. */
  public Resources withMemory(Memory memory) {
    return new Resources(
        devices, Optional.of(memory), cpu, pids, blockIo, hugepageLimits, network, rdma, unified);
  }

  /** This, with another {@code cpu}. */
  public Resources withCpu(Cpu cpu) {
    return new Resources(
        devices, memory, Optional.of(cpu), pids, blockIo, hugepageLimits, network, rdma, unified);
  }

  /** This, with another {@code pids}. */
  public Resources withPids(Pids pids) {
    return new Resources(
        devices, memory, cpu, Optional.of(pids), blockIo, hugepageLimits, network, rdma, unified);
  }

  /** This, with another {@code blockIo}. */
  public Resources withBlockIo(BlockIo blockIo) {
    return new Resources(
        devices, memory, cpu, pids, Optional.of(blockIo), hugepageLimits, network, rdma, unified);
  }

  /** This, with another {@code hugepageLimits}. */
  public Resources withHugepageLimits(List<HugepageLimit> hugepageLimits) {
    return new Resources(
        devices, memory, cpu, pids, blockIo, hugepageLimits, network, rdma, unified);
  }

  /** This, with another {@code network}. */
  public Resources withNetwork(Network network) {
    return new Resources(
        devices, memory, cpu, pids, blockIo, hugepageLimits, Optional.of(network), rdma, unified);
  }

  /** This, with another {@code rdma}. */
  public Resources withRdma(Map<String, Rdma> rdma) {
    return new Resources(
        devices, memory, cpu, pids, blockIo, hugepageLimits, network, rdma, unified);
  }

  /** This, with another {@code unified}. */
  public Resources withUnified(Map<String, String> unified) {
    return new Resources(
        devices, memory, cpu, pids, blockIo, hugepageLimits, network, rdma, unified);
  }

  /**
   * A device access rule.
   *
   * @param allow allow or deny
   * @param type {@code a}, {@code c} or {@code b}; empty: a
   * @param major absent: any
   * @param minor absent: any
   * @param access of {@code r}, {@code w}, {@code m}; empty: all
   */
  public record DeviceRule(
      boolean allow, String type, Optional<Long> major, Optional<Long> minor, String access) {
    /** Absent members get their defaults. */
    public DeviceRule {
      type = Defaults.string(type);
      major = Defaults.optional(major);
      minor = Defaults.optional(minor);
      access = Defaults.string(access);
    }
  }

  /**
   * Memory, in bytes; -1 is no limit.
   *
   * @param limit most memory
   * @param reservation soft limit
   * @param swap memory and swap together
   * @param kernel kernel memory (ignored by new kernels)
   * @param kernelTcp socket buffers
   * @param swappiness 0 to 100
   * @param disableOomKiller pause instead of killing (cgroup v1)
   * @param useHierarchy count children (cgroup v1)
   * @param checkBeforeUpdate refuse a limit below what is used
   */
  public record Memory(
      Optional<Long> limit,
      Optional<Long> reservation,
      Optional<Long> swap,
      Optional<Long> kernel,
      @JsonProperty("kernelTCP") Optional<Long> kernelTcp,
      Optional<Long> swappiness,
      @JsonProperty("disableOOMKiller") Optional<Boolean> disableOomKiller,
      Optional<Boolean> useHierarchy,
      Optional<Boolean> checkBeforeUpdate) {
    /** Absent members get their defaults. */
    public Memory {
      limit = Defaults.optional(limit);
      reservation = Defaults.optional(reservation);
      swap = Defaults.optional(swap);
      kernel = Defaults.optional(kernel);
      kernelTcp = Defaults.optional(kernelTcp);
      swappiness = Defaults.optional(swappiness);
      disableOomKiller = Defaults.optional(disableOomKiller);
      useHierarchy = Defaults.optional(useHierarchy);
      checkBeforeUpdate = Defaults.optional(checkBeforeUpdate);
    }

    /** A value in which everything is absent; build on it with the {@code with} methods. */
    public static Memory empty() {
      return new Memory(
          Optional.empty(),
          Optional.empty(),
          Optional.empty(),
          Optional.empty(),
          Optional.empty(),
          Optional.empty(),
          Optional.empty(),
          Optional.empty(),
          Optional.empty());
    }

    /** This, with another {@code limit}. */
    public Memory withLimit(Long limit) {
      return new Memory(
          Optional.of(limit),
          reservation,
          swap,
          kernel,
          kernelTcp,
          swappiness,
          disableOomKiller,
          useHierarchy,
          checkBeforeUpdate);
    }

    /** This, with another {@code reservation}. */
    public Memory withReservation(Long reservation) {
      return new Memory(
          limit,
          Optional.of(reservation),
          swap,
          kernel,
          kernelTcp,
          swappiness,
          disableOomKiller,
          useHierarchy,
          checkBeforeUpdate);
    }

    /** This, with another {@code swap}. */
    public Memory withSwap(Long swap) {
      return new Memory(
          limit,
          reservation,
          Optional.of(swap),
          kernel,
          kernelTcp,
          swappiness,
          disableOomKiller,
          useHierarchy,
          checkBeforeUpdate);
    }

    /** This, with another {@code kernel}. */
    public Memory withKernel(Long kernel) {
      return new Memory(
          limit,
          reservation,
          swap,
          Optional.of(kernel),
          kernelTcp,
          swappiness,
          disableOomKiller,
          useHierarchy,
          checkBeforeUpdate);
    }

    /** This, with another {@code kernelTcp}. */
    public Memory withKernelTcp(Long kernelTcp) {
      return new Memory(
          limit,
          reservation,
          swap,
          kernel,
          Optional.of(kernelTcp),
          swappiness,
          disableOomKiller,
          useHierarchy,
          checkBeforeUpdate);
    }

    /** This, with another {@code swappiness}. */
    public Memory withSwappiness(Long swappiness) {
      return new Memory(
          limit,
          reservation,
          swap,
          kernel,
          kernelTcp,
          Optional.of(swappiness),
          disableOomKiller,
          useHierarchy,
          checkBeforeUpdate);
    }

    /** This, with another {@code disableOomKiller}. */
    public Memory withDisableOomKiller(Boolean disableOomKiller) {
      return new Memory(
          limit,
          reservation,
          swap,
          kernel,
          kernelTcp,
          swappiness,
          Optional.of(disableOomKiller),
          useHierarchy,
          checkBeforeUpdate);
    }

    /** This, with another {@code useHierarchy}. */
    public Memory withUseHierarchy(Boolean useHierarchy) {
      return new Memory(
          limit,
          reservation,
          swap,
          kernel,
          kernelTcp,
          swappiness,
          disableOomKiller,
          Optional.of(useHierarchy),
          checkBeforeUpdate);
    }

    /** This, with another {@code checkBeforeUpdate}. */
    public Memory withCheckBeforeUpdate(Boolean checkBeforeUpdate) {
      return new Memory(
          limit,
          reservation,
          swap,
          kernel,
          kernelTcp,
          swappiness,
          disableOomKiller,
          useHierarchy,
          Optional.of(checkBeforeUpdate));
    }
  }

  /**
   * Processor time.
   *
   * @param shares relative weight, 2 to 262144
   * @param quota µs in each period; -1: no limit
   * @param burst µs
   * @param period µs
   * @param realtimeRuntime µs
   * @param realtimePeriod µs
   * @param cpus a list such as {@code 0-3,7}
   * @param mems NUMA nodes, as cpus
   * @param idle 1: SCHED_IDLE
   */
  public record Cpu(
      Optional<Long> shares,
      Optional<Long> quota,
      Optional<Long> burst,
      Optional<Long> period,
      Optional<Long> realtimeRuntime,
      Optional<Long> realtimePeriod,
      String cpus,
      String mems,
      Optional<Long> idle) {
    /** Absent members get their defaults. */
    public Cpu {
      shares = Defaults.optional(shares);
      quota = Defaults.optional(quota);
      burst = Defaults.optional(burst);
      period = Defaults.optional(period);
      realtimeRuntime = Defaults.optional(realtimeRuntime);
      realtimePeriod = Defaults.optional(realtimePeriod);
      cpus = Defaults.string(cpus);
      mems = Defaults.string(mems);
      idle = Defaults.optional(idle);
    }

    /** A value in which everything is absent; build on it with the {@code with} methods. */
    public static Cpu empty() {
      return new Cpu(
          Optional.empty(),
          Optional.empty(),
          Optional.empty(),
          Optional.empty(),
          Optional.empty(),
          Optional.empty(),
          "",
          "",
          Optional.empty());
    }

    /** This, with another {@code shares}. */
    public Cpu withShares(Long shares) {
      return new Cpu(
          Optional.of(shares),
          quota,
          burst,
          period,
          realtimeRuntime,
          realtimePeriod,
          cpus,
          mems,
          idle);
    }

    /** This, with another {@code quota}. */
    public Cpu withQuota(Long quota) {
      return new Cpu(
          shares,
          Optional.of(quota),
          burst,
          period,
          realtimeRuntime,
          realtimePeriod,
          cpus,
          mems,
          idle);
    }

    /** This, with another {@code burst}. */
    public Cpu withBurst(Long burst) {
      return new Cpu(
          shares,
          quota,
          Optional.of(burst),
          period,
          realtimeRuntime,
          realtimePeriod,
          cpus,
          mems,
          idle);
    }

    /** This, with another {@code period}. */
    public Cpu withPeriod(Long period) {
      return new Cpu(
          shares,
          quota,
          burst,
          Optional.of(period),
          realtimeRuntime,
          realtimePeriod,
          cpus,
          mems,
          idle);
    }

    /** This, with another {@code realtimeRuntime}. */
    public Cpu withRealtimeRuntime(Long realtimeRuntime) {
      return new Cpu(
          shares,
          quota,
          burst,
          period,
          Optional.of(realtimeRuntime),
          realtimePeriod,
          cpus,
          mems,
          idle);
    }

    /** This, with another {@code realtimePeriod}. */
    public Cpu withRealtimePeriod(Long realtimePeriod) {
      return new Cpu(
          shares,
          quota,
          burst,
          period,
          realtimeRuntime,
          Optional.of(realtimePeriod),
          cpus,
          mems,
          idle);
    }

    /** This, with another {@code cpus}. */
    public Cpu withCpus(String cpus) {
      return new Cpu(
          shares, quota, burst, period, realtimeRuntime, realtimePeriod, cpus, mems, idle);
    }

    /** This, with another {@code mems}. */
    public Cpu withMems(String mems) {
      return new Cpu(
          shares, quota, burst, period, realtimeRuntime, realtimePeriod, cpus, mems, idle);
    }

    /** This, with another {@code idle}. */
    public Cpu withIdle(Long idle) {
      return new Cpu(
          shares,
          quota,
          burst,
          period,
          realtimeRuntime,
          realtimePeriod,
          cpus,
          mems,
          Optional.of(idle));
    }
  }

  /**
   * Number of processes.
   *
   * @param limit 0 or below: no limit
   */
  public record Pids(long limit) {}

  /**
   * Block devices.
   *
   * @param weight 10 to 1000
   * @param leafWeight 10 to 1000
   * @param weightDevice by device
   * @param throttleReadBpsDevice bytes a second
   * @param throttleWriteBpsDevice bytes a second
   * @param throttleReadIopsDevice operations a second
   * @param throttleWriteIopsDevice operations a second
   */
  public record BlockIo(
      Optional<Integer> weight,
      Optional<Integer> leafWeight,
      List<WeightDevice> weightDevice,
      List<ThrottleDevice> throttleReadBpsDevice,
      List<ThrottleDevice> throttleWriteBpsDevice,
      @JsonProperty("throttleReadIOPSDevice") List<ThrottleDevice> throttleReadIopsDevice,
      @JsonProperty("throttleWriteIOPSDevice") List<ThrottleDevice> throttleWriteIopsDevice) {
    /** Absent members get their defaults. */
    public BlockIo {
      weight = Defaults.optional(weight);
      leafWeight = Defaults.optional(leafWeight);
      weightDevice = Defaults.list(weightDevice);
      throttleReadBpsDevice = Defaults.list(throttleReadBpsDevice);
      throttleWriteBpsDevice = Defaults.list(throttleWriteBpsDevice);
      throttleReadIopsDevice = Defaults.list(throttleReadIopsDevice);
      throttleWriteIopsDevice = Defaults.list(throttleWriteIopsDevice);
    }

    /** A value in which everything is absent; build on it with the {@code with} methods. */
    public static BlockIo empty() {
      return new BlockIo(
          Optional.empty(),
          Optional.empty(),
          List.of(),
          List.of(),
          List.of(),
          List.of(),
          List.of());
    }

    /** This, with another {@code weight}. */
    public BlockIo withWeight(Integer weight) {
      return new BlockIo(
          Optional.of(weight),
          leafWeight,
          weightDevice,
          throttleReadBpsDevice,
          throttleWriteBpsDevice,
          throttleReadIopsDevice,
          throttleWriteIopsDevice);
    }

    /** This, with another {@code leafWeight}. */
    public BlockIo withLeafWeight(Integer leafWeight) {
      return new BlockIo(
          weight,
          Optional.of(leafWeight),
          weightDevice,
          throttleReadBpsDevice,
          throttleWriteBpsDevice,
          throttleReadIopsDevice,
          throttleWriteIopsDevice);
    }

    /** This, with another {@code weightDevice}. */
    public BlockIo withWeightDevice(List<WeightDevice> weightDevice) {
      return new BlockIo(
          weight,
          leafWeight,
          weightDevice,
          throttleReadBpsDevice,
          throttleWriteBpsDevice,
          throttleReadIopsDevice,
          throttleWriteIopsDevice);
    }

    /** This, with another {@code throttleReadBpsDevice}. */
    public BlockIo withThrottleReadBpsDevice(List<ThrottleDevice> throttleReadBpsDevice) {
      return new BlockIo(
          weight,
          leafWeight,
          weightDevice,
          throttleReadBpsDevice,
          throttleWriteBpsDevice,
          throttleReadIopsDevice,
          throttleWriteIopsDevice);
    }

    /** This, with another {@code throttleWriteBpsDevice}. */
    public BlockIo withThrottleWriteBpsDevice(List<ThrottleDevice> throttleWriteBpsDevice) {
      return new BlockIo(
          weight,
          leafWeight,
          weightDevice,
          throttleReadBpsDevice,
          throttleWriteBpsDevice,
          throttleReadIopsDevice,
          throttleWriteIopsDevice);
    }

    /** This, with another {@code throttleReadIopsDevice}. */
    public BlockIo withThrottleReadIopsDevice(List<ThrottleDevice> throttleReadIopsDevice) {
      return new BlockIo(
          weight,
          leafWeight,
          weightDevice,
          throttleReadBpsDevice,
          throttleWriteBpsDevice,
          throttleReadIopsDevice,
          throttleWriteIopsDevice);
    }

    /** This, with another {@code throttleWriteIopsDevice}. */
    public BlockIo withThrottleWriteIopsDevice(List<ThrottleDevice> throttleWriteIopsDevice) {
      return new BlockIo(
          weight,
          leafWeight,
          weightDevice,
          throttleReadBpsDevice,
          throttleWriteBpsDevice,
          throttleReadIopsDevice,
          throttleWriteIopsDevice);
    }
  }

  /** Weight of a block device. */
  public record WeightDevice(
      long major, long minor, Optional<Integer> weight, Optional<Integer> leafWeight) {
    /** Absent members get their defaults. */
    public WeightDevice {
      weight = Defaults.optional(weight);
      leafWeight = Defaults.optional(leafWeight);
    }
  }

  /** Rate of a block device. */
  public record ThrottleDevice(
      long major,
      long minor,
      @JsonDeserialize(using = Unsigned64.Reader.class)
          @JsonSerialize(using = Unsigned64.Writer.class)
          long rate) {}

  /**
   * Limit of a size of huge pages.
   *
   * @param pageSize {@code 2MB}, {@code 1GB}
   * @param limit bytes
   */
  public record HugepageLimit(
      String pageSize,
      @JsonDeserialize(using = Unsigned64.Reader.class)
          @JsonSerialize(using = Unsigned64.Writer.class)
          long limit) {
    /** Absent members get their defaults. */
    public HugepageLimit {
      pageSize = Defaults.string(pageSize);
    }
  }

  /** Class and priorities of network packets (cgroup v1). */
  public record Network(
      @JsonProperty("classID") Optional<Long> classId, List<Priority> priorities) {
    /** Absent members get their defaults. */
    public Network {
      classId = Defaults.optional(classId);
      priorities = Defaults.list(priorities);
    }
  }

  /** Priority of packets on an interface. */
  public record Priority(String name, long priority) {
    /** Absent members get their defaults. */
    public Priority {
      name = Defaults.string(name);
    }
  }

  /** RDMA resources. */
  public record Rdma(Optional<Long> hcaHandles, Optional<Long> hcaObjects) {
    /** Absent members get their defaults. */
    public Rdma {
      hcaHandles = Defaults.optional(hcaHandles);
      hcaObjects = Defaults.optional(hcaObjects);
    }
  }
}

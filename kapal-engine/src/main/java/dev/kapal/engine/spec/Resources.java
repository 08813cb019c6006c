package dev.kapal.engine.spec;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;

/**
 * Limits; whatever is empty is not limited. Bytes, microseconds and nano-CPUs throughout.
 *
 * @param memory bytes, more than none
 * @param memoryReservation soft limit in bytes
 * @param memorySwap memory and swap together in bytes; -1: unlimited swap; empty: twice the memory
 * @param memorySwappiness 0 to 100 (cgroup v1)
 * @param kernelMemory bytes (cgroup v1; ignored by kernels that dropped it)
 * @param nanoCpus CPUs × 10⁹ ({@code --cpus}); excludes quota and period
 * @param cpuShares relative weight, 1024 is normal
 * @param cpuQuota microseconds in each period; -1: none
 * @param cpuPeriod microseconds
 * @param cpuRealtimeRuntime microseconds
 * @param cpuRealtimePeriod microseconds
 * @param cpusetCpus {@code 0-2,4}
 * @param cpusetMems {@code 0}
 * @param pids processes and threads; -1: unlimited
 * @param blkioWeight 10 to 1000
 * @param blkioWeightDevice weights per device
 * @param blkioReadBps bytes per second per device
 * @param blkioWriteBps bytes per second per device
 * @param blkioReadIops operations per second per device
 * @param blkioWriteIops operations per second per device
 * @param oomKillDisable the kernel does not kill in this cgroup (cgroup v1)
 * @param hugepages page size ({@code 2MB}) to bytes
 * @param unified cgroup v2 files and values
 * @param cgroupParent cgroup under which the container's is made; empty: the engine's
 */
public record Resources(
    OptionalLong memory,
    OptionalLong memoryReservation,
    OptionalLong memorySwap,
    OptionalInt memorySwappiness,
    OptionalLong kernelMemory,
    OptionalLong nanoCpus,
    OptionalLong cpuShares,
    OptionalLong cpuQuota,
    OptionalLong cpuPeriod,
    OptionalLong cpuRealtimeRuntime,
    OptionalLong cpuRealtimePeriod,
    Optional<String> cpusetCpus,
    Optional<String> cpusetMems,
    OptionalLong pids,
    OptionalInt blkioWeight,
    List<DeviceValue> blkioWeightDevice,
    List<DeviceValue> blkioReadBps,
    List<DeviceValue> blkioWriteBps,
    List<DeviceValue> blkioReadIops,
    List<DeviceValue> blkioWriteIops,
    boolean oomKillDisable,
    Map<String, Long> hugepages,
    Map<String, String> unified,
    Optional<String> cgroupParent) {

  /** A value for one block device, by its path on the host. */
  public record DeviceValue(String device, long value) {
    public DeviceValue {
      Checks.absolute(device, "device");
      Checks.notNegative(value, "value for " + device);
    }
  }

  public static final Resources NONE = new Builder().build();

  public Resources {
    blkioWeightDevice = List.copyOf(blkioWeightDevice);
    blkioReadBps = List.copyOf(blkioReadBps);
    blkioWriteBps = List.copyOf(blkioWriteBps);
    blkioReadIops = List.copyOf(blkioReadIops);
    blkioWriteIops = List.copyOf(blkioWriteIops);
    hugepages = Checks.ordered(hugepages);
    unified = Checks.ordered(unified);
    if (memory.isPresent() && memory.getAsLong() <= 0) {
      throw new IllegalArgumentException(
          "memory limit " + memory.getAsLong() + " is too low: leave it out for none");
    }
    if (memory.isPresent()
        && memorySwap.isPresent()
        && memorySwap.getAsLong() != -1
        && memorySwap.getAsLong() < memory.getAsLong()) {
      throw new IllegalArgumentException(
          "memory-swap is memory and swap together: it cannot be below the memory limit");
    }
    if (memory.isEmpty() && memorySwap.isPresent() && memorySwap.getAsLong() > 0) {
      throw new IllegalArgumentException("memory-swap needs a memory limit too");
    }
    if (memorySwappiness.isPresent()
        && (memorySwappiness.getAsInt() < -1 || memorySwappiness.getAsInt() > 100)) {
      throw new IllegalArgumentException("memory-swappiness is outside 0 to 100");
    }
    if (nanoCpus.isPresent() && (cpuQuota.isPresent() || cpuPeriod.isPresent())) {
      throw new IllegalArgumentException(
          "cpus excludes cpu-quota and cpu-period: give one or the other");
    }
    nanoCpus.ifPresent(n -> Checks.notNegative(n, "cpus"));
    cpuShares.ifPresent(n -> Checks.notNegative(n, "cpu-shares"));
    if (blkioWeight.isPresent()
        && blkioWeight.getAsInt() != 0
        && (blkioWeight.getAsInt() < 10 || blkioWeight.getAsInt() > 1000)) {
      throw new IllegalArgumentException("blkio-weight is outside 10 to 1000");
    }
    cpusetCpus.ifPresent(s -> cpuset(s, "cpuset-cpus"));
    cpusetMems.ifPresent(s -> cpuset(s, "cpuset-mems"));
    for (String file : unified.keySet()) {
      if (!file.matches("[a-z0-9_]+(\\.[a-zA-Z0-9_]+)+")) {
        throw new IllegalArgumentException("cgroup file name \"" + file + "\" is not valid");
      }
    }
  }

  private static void cpuset(String list, String what) {
    if (!list.matches("\\d{1,5}(-\\d{1,5})?(,\\d{1,5}(-\\d{1,5})?)*")) {
      throw new IllegalArgumentException(
          what + " \"" + list + "\" is not a list of numbers and ranges: write 0-2,4");
    }
  }

  public static Builder builder() {
    return new Builder();
  }

  /** This set with whatever the other one states replaced; what {@code update} does. */
  public Resources merge(Resources o) {
    Builder b = new Builder();
    b.memory = o.memory.isPresent() ? o.memory : memory;
    b.memoryReservation = o.memoryReservation.isPresent() ? o.memoryReservation : memoryReservation;
    b.memorySwap = o.memorySwap.isPresent() ? o.memorySwap : memorySwap;
    b.memorySwappiness = o.memorySwappiness.isPresent() ? o.memorySwappiness : memorySwappiness;
    b.kernelMemory = o.kernelMemory.isPresent() ? o.kernelMemory : kernelMemory;
    boolean quota = o.cpuQuota.isPresent() || o.cpuPeriod.isPresent();
    b.nanoCpus = o.nanoCpus.isPresent() ? o.nanoCpus : quota ? OptionalLong.empty() : nanoCpus;
    boolean cpus = o.nanoCpus.isPresent();
    b.cpuQuota = cpus || o.cpuQuota.isPresent() ? o.cpuQuota : cpuQuota;
    b.cpuPeriod = cpus || o.cpuPeriod.isPresent() ? o.cpuPeriod : cpuPeriod;
    b.cpuShares = o.cpuShares.isPresent() ? o.cpuShares : cpuShares;
    b.cpuRealtimeRuntime =
        o.cpuRealtimeRuntime.isPresent() ? o.cpuRealtimeRuntime : cpuRealtimeRuntime;
    b.cpuRealtimePeriod = o.cpuRealtimePeriod.isPresent() ? o.cpuRealtimePeriod : cpuRealtimePeriod;
    b.cpusetCpus = o.cpusetCpus.isPresent() ? o.cpusetCpus : cpusetCpus;
    b.cpusetMems = o.cpusetMems.isPresent() ? o.cpusetMems : cpusetMems;
    b.pids = o.pids.isPresent() ? o.pids : pids;
    b.blkioWeight = o.blkioWeight.isPresent() ? o.blkioWeight : blkioWeight;
    b.blkioWeightDevice = o.blkioWeightDevice.isEmpty() ? blkioWeightDevice : o.blkioWeightDevice;
    b.blkioReadBps = o.blkioReadBps.isEmpty() ? blkioReadBps : o.blkioReadBps;
    b.blkioWriteBps = o.blkioWriteBps.isEmpty() ? blkioWriteBps : o.blkioWriteBps;
    b.blkioReadIops = o.blkioReadIops.isEmpty() ? blkioReadIops : o.blkioReadIops;
    b.blkioWriteIops = o.blkioWriteIops.isEmpty() ? blkioWriteIops : o.blkioWriteIops;
    b.oomKillDisable = oomKillDisable || o.oomKillDisable;
    b.hugepages = o.hugepages.isEmpty() ? hugepages : o.hugepages;
    b.unified = o.unified.isEmpty() ? unified : o.unified;
    b.cgroupParent = cgroupParent;
    return b.build();
  }

  /** Collects {@link Resources}. Not thread-safe. */
  public static final class Builder {
    private OptionalLong memory = OptionalLong.empty();
    private OptionalLong memoryReservation = OptionalLong.empty();
    private OptionalLong memorySwap = OptionalLong.empty();
    private OptionalInt memorySwappiness = OptionalInt.empty();
    private OptionalLong kernelMemory = OptionalLong.empty();
    private OptionalLong nanoCpus = OptionalLong.empty();
    private OptionalLong cpuShares = OptionalLong.empty();
    private OptionalLong cpuQuota = OptionalLong.empty();
    private OptionalLong cpuPeriod = OptionalLong.empty();
    private OptionalLong cpuRealtimeRuntime = OptionalLong.empty();
    private OptionalLong cpuRealtimePeriod = OptionalLong.empty();
    private Optional<String> cpusetCpus = Optional.empty();
    private Optional<String> cpusetMems = Optional.empty();
    private OptionalLong pids = OptionalLong.empty();
    private OptionalInt blkioWeight = OptionalInt.empty();
    private List<DeviceValue> blkioWeightDevice = List.of();
    private List<DeviceValue> blkioReadBps = List.of();
    private List<DeviceValue> blkioWriteBps = List.of();
    private List<DeviceValue> blkioReadIops = List.of();
    private List<DeviceValue> blkioWriteIops = List.of();
    private boolean oomKillDisable;
    private Map<String, Long> hugepages = Map.of();
    private Map<String, String> unified = Map.of();
    private Optional<String> cgroupParent = Optional.empty();

    private Builder() {}

    public Builder memory(long bytes) {
      this.memory = OptionalLong.of(bytes);
      return this;
    }

    public Builder memoryReservation(long bytes) {
      this.memoryReservation = OptionalLong.of(bytes);
      return this;
    }

    public Builder memorySwap(long bytes) {
      this.memorySwap = OptionalLong.of(bytes);
      return this;
    }

    public Builder memorySwappiness(int percent) {
      this.memorySwappiness = OptionalInt.of(percent);
      return this;
    }

    public Builder kernelMemory(long bytes) {
      this.kernelMemory = OptionalLong.of(bytes);
      return this;
    }

    public Builder nanoCpus(long nanoCpus) {
      this.nanoCpus = OptionalLong.of(nanoCpus);
      return this;
    }

    public Builder cpuShares(long shares) {
      this.cpuShares = OptionalLong.of(shares);
      return this;
    }

    public Builder cpuQuota(long micros) {
      this.cpuQuota = OptionalLong.of(micros);
      return this;
    }

    public Builder cpuPeriod(long micros) {
      this.cpuPeriod = OptionalLong.of(micros);
      return this;
    }

    public Builder cpuRealtimeRuntime(long micros) {
      this.cpuRealtimeRuntime = OptionalLong.of(micros);
      return this;
    }

    public Builder cpuRealtimePeriod(long micros) {
      this.cpuRealtimePeriod = OptionalLong.of(micros);
      return this;
    }

    public Builder cpusetCpus(String cpus) {
      this.cpusetCpus = Optional.of(cpus);
      return this;
    }

    public Builder cpusetMems(String mems) {
      this.cpusetMems = Optional.of(mems);
      return this;
    }

    public Builder pids(long limit) {
      this.pids = OptionalLong.of(limit);
      return this;
    }

    public Builder blkioWeight(int weight) {
      this.blkioWeight = OptionalInt.of(weight);
      return this;
    }

    public Builder blkioWeightDevice(List<DeviceValue> values) {
      this.blkioWeightDevice = values;
      return this;
    }

    public Builder blkioReadBps(List<DeviceValue> values) {
      this.blkioReadBps = values;
      return this;
    }

    public Builder blkioWriteBps(List<DeviceValue> values) {
      this.blkioWriteBps = values;
      return this;
    }

    public Builder blkioReadIops(List<DeviceValue> values) {
      this.blkioReadIops = values;
      return this;
    }

    public Builder blkioWriteIops(List<DeviceValue> values) {
      this.blkioWriteIops = values;
      return this;
    }

    public Builder oomKillDisable(boolean on) {
      this.oomKillDisable = on;
      return this;
    }

    public Builder hugepages(Map<String, Long> limits) {
      this.hugepages = limits;
      return this;
    }

    public Builder unified(Map<String, String> files) {
      this.unified = files;
      return this;
    }

    public Builder cgroupParent(String parent) {
      this.cgroupParent = Optional.of(parent);
      return this;
    }

    public Resources build() {
      return new Resources(
          memory,
          memoryReservation,
          memorySwap,
          memorySwappiness,
          kernelMemory,
          nanoCpus,
          cpuShares,
          cpuQuota,
          cpuPeriod,
          cpuRealtimeRuntime,
          cpuRealtimePeriod,
          cpusetCpus,
          cpusetMems,
          pids,
          blkioWeight,
          blkioWeightDevice,
          blkioReadBps,
          blkioWriteBps,
          blkioReadIops,
          blkioWriteIops,
          oomKillDisable,
          hugepages,
          unified,
          cgroupParent);
    }
  }
}

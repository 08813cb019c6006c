package dev.kapal.engine.config;

import dev.kapal.engine.EngineException;
import dev.kapal.engine.spec.Resources;
import dev.kapal.engine.spec.Resources.DeviceValue;
import dev.kapal.oci.runtime.Resources.BlockIo;
import dev.kapal.oci.runtime.Resources.Cpu;
import dev.kapal.oci.runtime.Resources.HugepageLimit;
import dev.kapal.oci.runtime.Resources.Memory;
import dev.kapal.oci.runtime.Resources.Pids;
import dev.kapal.oci.runtime.Resources.ThrottleDevice;
import dev.kapal.oci.runtime.Resources.WeightDevice;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;

/** Limits as asked for, in the runtime-spec's words. */
public final class ResourceMapping {
  private static final long PERIOD = 100_000;

  private ResourceMapping() {}

  /** The limits that are stated; device rules are not among them. */
  public static dev.kapal.oci.runtime.Resources of(Resources r, HostFacts host) {
    dev.kapal.oci.runtime.Resources out = dev.kapal.oci.runtime.Resources.empty();
    Memory memory = memory(r);
    if (!memory.equals(Memory.empty())) {
      out = out.withMemory(memory);
    }
    Cpu cpu = cpu(r);
    if (!cpu.equals(Cpu.empty())) {
      out = out.withCpu(cpu);
    }
    if (r.pids().isPresent()) {
      long n = r.pids().getAsLong();
      out = out.withPids(new Pids(n <= 0 ? -1 : n));
    }
    Optional<BlockIo> io = blockIo(r, host);
    if (io.isPresent()) {
      out = out.withBlockIo(io.get());
    }
    return out.withHugepageLimits(
            r.hugepages().entrySet().stream()
                .map(e -> new HugepageLimit(e.getKey(), e.getValue()))
                .toList())
        .withUnified(r.unified());
  }

  private static Memory memory(Resources r) {
    OptionalLong swap = r.memorySwap();
    if (swap.isEmpty() && r.memory().isPresent()) {
      // As Docker: as much swap as memory.
      swap = OptionalLong.of(Math.multiplyExact(r.memory().getAsLong(), 2L));
    }
    return new Memory(
        box(r.memory()),
        box(r.memoryReservation()),
        box(swap),
        box(r.kernelMemory()),
        Optional.empty(),
        box(r.memorySwappiness()).filter(n -> n >= 0),
        r.oomKillDisable() ? Optional.of(true) : Optional.empty(),
        Optional.empty(),
        Optional.empty());
  }

  private static Cpu cpu(Resources r) {
    Optional<Long> quota = box(r.cpuQuota());
    Optional<Long> period = box(r.cpuPeriod()).filter(n -> n > 0);
    if (r.nanoCpus().isPresent() && r.nanoCpus().getAsLong() > 0) {
      quota = Optional.of(Math.max(1000, r.nanoCpus().getAsLong() / (1_000_000_000 / PERIOD)));
      period = Optional.of(PERIOD);
    }
    return new Cpu(
        box(r.cpuShares()).filter(n -> n > 0),
        quota,
        Optional.empty(),
        period,
        box(r.cpuRealtimeRuntime()),
        box(r.cpuRealtimePeriod()),
        r.cpusetCpus().orElse(""),
        r.cpusetMems().orElse(""),
        Optional.empty());
  }

  private static Optional<BlockIo> blockIo(Resources r, HostFacts host) {
    if (r.blkioWeight().orElse(0) == 0
        && r.blkioWeightDevice().isEmpty()
        && r.blkioReadBps().isEmpty()
        && r.blkioWriteBps().isEmpty()
        && r.blkioReadIops().isEmpty()
        && r.blkioWriteIops().isEmpty()) {
      return Optional.empty();
    }
    return Optional.of(
        new BlockIo(
            r.blkioWeight().orElse(0) == 0
                ? Optional.empty()
                : Optional.of(r.blkioWeight().getAsInt()),
            Optional.empty(),
            r.blkioWeightDevice().stream()
                .map(d -> {
                  HostFacts.Node n = block(d, host);
                  return new WeightDevice(
                      n.major(), n.minor(), Optional.of((int) d.value()), Optional.empty());
                })
                .toList(),
            throttle(r.blkioReadBps(), host),
            throttle(r.blkioWriteBps(), host),
            throttle(r.blkioReadIops(), host),
            throttle(r.blkioWriteIops(), host)));
  }

  private static List<ThrottleDevice> throttle(List<DeviceValue> values, HostFacts host) {
    return values.stream()
        .map(d -> {
          HostFacts.Node n = block(d, host);
          return new ThrottleDevice(n.major(), n.minor(), d.value());
        })
        .toList();
  }

  private static HostFacts.Node block(DeviceValue d, HostFacts host) {
    return host.device(d.device())
        .filter(n -> n.type().equals("b"))
        .orElseThrow(() ->
            new EngineException.InvalidArgument(
                "block I/O limit for " + d.device() + ": it is not a block device of this host"));
  }

  private static Optional<Long> box(OptionalLong n) {
    return n.isPresent() ? Optional.of(n.getAsLong()) : Optional.empty();
  }

  private static Optional<Long> box(OptionalInt n) {
    return n.isPresent() ? Optional.of((long) n.getAsInt()) : Optional.empty();
  }
}

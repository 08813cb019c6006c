package dev.kapal.cri.stats;

import dev.kapal.cri.proto.CpuUsage;
import dev.kapal.cri.proto.FilesystemIdentifier;
import dev.kapal.cri.proto.FilesystemUsage;
import dev.kapal.cri.proto.IoUsage;
import dev.kapal.cri.proto.MemoryUsage;
import dev.kapal.cri.proto.NetworkInterfaceUsage;
import dev.kapal.cri.proto.NetworkUsage;
import dev.kapal.cri.proto.ProcessUsage;
import dev.kapal.cri.proto.PsiData;
import dev.kapal.cri.proto.PsiStats;
import dev.kapal.cri.proto.SwapUsage;
import dev.kapal.cri.proto.UInt64Value;
import dev.kapal.cri.translate.Times;
import dev.kapal.engine.ContainerStats.Network;
import dev.kapal.linux.Pressure;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;

/** Samples as the interface tells of them: pure functions. */
final class UsageMessages {
  private static final String DEFAULT_INTERFACE = "eth0";

  private UsageMessages() {}

  static CpuUsage cpu(Usage usage, long rate) {
    CpuUsage.Builder cpu =
        CpuUsage.newBuilder()
            .setTimestamp(Times.nanos(usage.time()))
            .setUsageCoreNanoSeconds(value(usage.cpuNanos()))
            .setUsageNanoCores(value(rate));
    pressure(usage, "cpu").ifPresent(cpu::setPsi);
    return cpu.build();
  }

  static MemoryUsage memory(Usage usage) {
    MemoryUsage.Builder memory =
        MemoryUsage.newBuilder()
            .setTimestamp(Times.nanos(usage.time()))
            .setWorkingSetBytes(value(usage.workingSet()))
            .setUsageBytes(value(usage.used()))
            .setRssBytes(value(usage.detail("anon")))
            .setPageFaults(value(usage.detail("pgfault")))
            .setMajorPageFaults(value(usage.detail("pgmajfault")));
    usage.available().ifPresent(bytes -> memory.setAvailableBytes(value(bytes)));
    pressure(usage, "memory").ifPresent(memory::setPsi);
    return memory.build();
  }

  static SwapUsage swap(Usage usage) {
    SwapUsage.Builder swap =
        SwapUsage.newBuilder()
            .setTimestamp(Times.nanos(usage.time()))
            .setSwapUsageBytes(value(usage.swap()));
    usage
        .swapLimit()
        .ifPresent(limit -> swap.setSwapAvailableBytes(value(Math.max(0, limit - usage.swap()))));
    return swap.build();
  }

  /** Empty where the kernel does not measure it. */
  static Optional<IoUsage> io(Usage usage) {
    return pressure(usage, "io")
        .map(psi ->
            IoUsage.newBuilder().setTimestamp(Times.nanos(usage.time())).setPsi(psi).build());
  }

  static ProcessUsage processes(Usage usage) {
    return ProcessUsage.newBuilder()
        .setTimestamp(Times.nanos(usage.time()))
        .setProcessCount(value(usage.tasks()))
        .build();
  }

  static NetworkUsage network(Instant time, Map<String, Network> networks) {
    NetworkUsage.Builder usage = NetworkUsage.newBuilder().setTimestamp(Times.nanos(time));
    networks.forEach((name, counters) -> {
      NetworkInterfaceUsage one =
          NetworkInterfaceUsage.newBuilder()
              .setName(name)
              .setRxBytes(value(counters.receivedBytes()))
              .setRxErrors(value(counters.receivedErrors()))
              .setTxBytes(value(counters.sentBytes()))
              .setTxErrors(value(counters.sentErrors()))
              .build();
      if (name.equals(DEFAULT_INTERFACE) || networks.size() == 1) {
        usage.setDefaultInterface(one);
      } else {
        usage.addInterfaces(one);
      }
    });
    return usage.build();
  }

  static FilesystemUsage layer(Path store, Layers.Measured measured) {
    return FilesystemUsage.newBuilder()
        .setTimestamp(measured.wall() * 1_000_000)
        .setFsId(FilesystemIdentifier.newBuilder().setMountpoint(store.toString()))
        .setUsedBytes(value(measured.use().writable()))
        .setInodesUsed(value(measured.use().writableFiles()))
        .build();
  }

  private static Optional<PsiStats> pressure(Usage usage, String resource) {
    return Optional.ofNullable(usage.pressures().get(resource))
        .map(p -> PsiStats.newBuilder().setFull(stall(p.full())).setSome(stall(p.some())).build());
  }

  /** In µs, as the kernel and so the kubelet have it. */
  private static PsiData stall(Pressure.Stall stall) {
    return PsiData.newBuilder()
        .setTotal(stall.total())
        .setAvg10(stall.average10())
        .setAvg60(stall.average60())
        .setAvg300(stall.average300())
        .build();
  }

  static UInt64Value value(long number) {
    return UInt64Value.newBuilder().setValue(number).build();
  }
}

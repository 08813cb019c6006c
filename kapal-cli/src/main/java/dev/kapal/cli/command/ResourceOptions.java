package dev.kapal.cli.command;

import dev.kapal.cli.model.Arguments;
import dev.kapal.cli.parse.Limits;
import dev.kapal.cli.parse.Pairs;
import dev.kapal.cli.parse.Scalars;
import dev.kapal.engine.spec.Resources;
import java.util.function.LongConsumer;

/** Makes limits of the options of run, create and update. */
final class ResourceOptions {
  private static final long MOST = Long.MAX_VALUE;

  private ResourceOptions() {}

  static Resources of(Arguments given) {
    Resources.Builder limits = Resources.builder();
    given
        .value("memory")
        .map(text -> Scalars.memory("memory", text))
        .filter(bytes -> bytes > 0)
        .ifPresent(limits::memory);
    size(given, "memory-reservation", limits::memoryReservation);
    given
        .value("memory-swap")
        .ifPresent(text -> limits.memorySwap(Scalars.sizeOrUnlimited("memory-swap", text)));
    number(given, "memory-swappiness", -1, 100, n -> limits.memorySwappiness((int) n));
    size(given, "kernel-memory", limits::kernelMemory);
    given.value("cpus").ifPresent(text -> limits.nanoCpus(Scalars.nanoCpus("cpus", text)));
    number(given, "cpu-shares", 0, MOST, limits::cpuShares);
    number(given, "cpu-quota", -1, MOST, limits::cpuQuota);
    number(given, "cpu-period", 0, MOST, limits::cpuPeriod);
    number(given, "cpu-rt-runtime", 0, MOST, limits::cpuRealtimeRuntime);
    number(given, "cpu-rt-period", 0, MOST, limits::cpuRealtimePeriod);
    given.value("cpuset-cpus").filter(s -> !s.isEmpty()).ifPresent(limits::cpusetCpus);
    given.value("cpuset-mems").filter(s -> !s.isEmpty()).ifPresent(limits::cpusetMems);
    number(given, "pids-limit", -1, MOST, n -> limits.pids(n == 0 ? -1 : n));
    number(given, "blkio-weight", 0, 1000, n -> limits.blkioWeight((int) n));
    limits.blkioWeightDevice(
        given.list("blkio-weight-device").stream()
            .map(text -> Limits.deviceNumber("blkio-weight-device", text, 1000))
            .toList());
    limits.blkioReadBps(
        given.list("device-read-bps").stream()
            .map(text -> Limits.deviceSize("device-read-bps", text))
            .toList());
    limits.blkioWriteBps(
        given.list("device-write-bps").stream()
            .map(text -> Limits.deviceSize("device-write-bps", text))
            .toList());
    limits.blkioReadIops(
        given.list("device-read-iops").stream()
            .map(text -> Limits.deviceNumber("device-read-iops", text, MOST))
            .toList());
    limits.blkioWriteIops(
        given.list("device-write-iops").stream()
            .map(text -> Limits.deviceNumber("device-write-iops", text, MOST))
            .toList());
    limits.oomKillDisable(given.flag("oom-kill-disable"));
    limits.unified(Pairs.strict("cgroup-conf", given.list("cgroup-conf")));
    given.value("cgroup-parent").filter(s -> !s.isEmpty()).ifPresent(limits::cgroupParent);
    return limits.build();
  }

  private static void size(Arguments given, String option, LongConsumer set) {
    given
        .value(option)
        .map(text -> Scalars.size(option, text))
        .filter(n -> n > 0)
        .ifPresent(set::accept);
  }

  private static void number(
      Arguments given, String option, long least, long most, LongConsumer set) {
    given
        .value(option)
        .map(text -> Scalars.number(option, text, least, most))
        .ifPresent(set::accept);
  }
}

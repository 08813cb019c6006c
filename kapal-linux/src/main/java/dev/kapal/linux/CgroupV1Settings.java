package dev.kapal.linux;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;

/** Limits as the files of v1 hold them, see the kernel's admin-guide/cgroup-v1. */
final class CgroupV1Settings {
  private CgroupV1Settings() {}

  static List<CgroupSetting> of(String controller, CgroupResources resources) {
    List<CgroupSetting> settings = new ArrayList<>();
    switch (controller) {
      case "cpu" -> cpu(settings, resources.cpu());
      case "cpuset" -> {
        add(settings, "cpuset", "cpus", resources.cpu().cpus());
        add(settings, "cpuset", "mems", resources.cpu().mems());
      }
      case "memory" -> memory(settings, resources.memory());
      case "pids" -> add(settings, "pids", "max", resources.pids().map(CgroupV1Settings::maximum));
      case "blkio" -> blockIo(settings, resources.blockIo());
      case "hugetlb" ->
          resources
              .hugePages()
              .forEach(pages ->
                  add(
                      settings,
                      "hugetlb",
                      pages.pageSize() + ".limit_in_bytes",
                      Optional.of(pages.limitBytes())));
      case "devices" -> resources.devices().forEach(rule -> settings.add(device(rule)));
      default -> throw new IllegalArgumentException(controller);
    }
    return settings;
  }

  private static void cpu(List<CgroupSetting> settings, CgroupResources.Cpu cpu) {
    add(settings, "cpu", "shares", cpu.shares());
    add(settings, "cpu", "idle", cpu.idle());
    add(settings, "cpu", "cfs_period_us", cpu.period());
    add(settings, "cpu", "cfs_quota_us", cpu.quota());
    add(settings, "cpu", "cfs_burst_us", cpu.burst());
    add(settings, "cpu", "rt_period_us", cpu.realtimePeriod());
    add(settings, "cpu", "rt_runtime_us", cpu.realtimeRuntime());
  }

  private static void memory(List<CgroupSetting> settings, CgroupResources.Memory memory) {
    // Without a limit of memory there can be none of memory and swap together.
    boolean unlimited = memory.limit().equals(Optional.of(-1L)) && memory.swap().isEmpty();
    Optional<Long> swap = unlimited ? Optional.of(-1L) : memory.swap();
    add(settings, "memory", "limit_in_bytes", memory.limit());
    add(settings, "memory", "memsw.limit_in_bytes", swap);
    add(settings, "memory", "soft_limit_in_bytes", memory.reservation());
    add(settings, "memory", "kmem.limit_in_bytes", memory.kernel());
    add(settings, "memory", "kmem.tcp.limit_in_bytes", memory.kernelTcp());
    add(settings, "memory", "swappiness", memory.swappiness());
    add(settings, "memory", "oom_control", memory.disableOomKiller().map(on -> on ? "1" : "0"));
  }

  private static void blockIo(List<CgroupSetting> settings, CgroupResources.BlockIo io) {
    add(settings, "blkio", "weight", io.weight());
    add(settings, "blkio", "leaf_weight", io.leafWeight());
    for (CgroupResources.DeviceWeight device : io.deviceWeights()) {
      add(settings, "blkio", "weight_device", device.weight().map(w -> device.device() + " " + w));
      add(
          settings,
          "blkio",
          "leaf_weight_device",
          device.leafWeight().map(w -> device.device() + " " + w));
    }
    throttles(settings, "read_bps", io.readBytes());
    throttles(settings, "write_bps", io.writeBytes());
    throttles(settings, "read_iops", io.readOperations());
    throttles(settings, "write_iops", io.writeOperations());
  }

  /** Since CFQ is gone weights are BFQ's, in files of its own. */
  static CgroupSetting ofScheduler(CgroupSetting setting, Predicate<String> there) {
    String weight = "blkio.weight";
    String bfq = setting.file().replace(weight, "blkio.bfq.weight");
    return setting.file().startsWith(weight) && !there.test(setting.file()) && there.test(bfq)
        ? new CgroupSetting(setting.controller(), bfq, setting.value())
        : setting;
  }

  private static void throttles(
      List<CgroupSetting> settings, String name, List<CgroupResources.Throttle> throttles) {
    throttles.forEach(t ->
        add(
            settings,
            "blkio",
            "throttle." + name + "_device",
            Optional.of(t.device() + " " + t.rate())));
  }

  static CgroupSetting device(CgroupResources.DeviceRule rule) {
    String value =
        rule.type() == 'a'
            ? "a"
            : rule.type()
                + " "
                + rule.major().map(String::valueOf).orElse("*")
                + ":"
                + rule.minor().map(String::valueOf).orElse("*")
                + " "
                + rule.access();
    return new CgroupSetting("devices", rule.allow() ? "devices.allow" : "devices.deny", value);
  }

  static String maximum(long value) {
    return value < 0 ? "max" : Long.toString(value);
  }

  private static void add(
      List<CgroupSetting> settings, String controller, String file, Optional<?> value) {
    value.ifPresent(
        v -> settings.add(new CgroupSetting(controller, controller + "." + file, v.toString())));
  }
}

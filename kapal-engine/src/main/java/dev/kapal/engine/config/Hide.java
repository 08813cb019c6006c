package dev.kapal.engine.config;

import java.util.ArrayList;
import java.util.List;

/** Paths of /proc and /sys that containers do not see, or cannot write. */
final class Hide {
  /** Cannot be read: they tell about, or reach into, the host. */
  private static final List<String> MASKED =
      List.of(
          "/proc/acpi",
          "/proc/asound",
          "/proc/interrupts",
          "/proc/kcore",
          "/proc/keys",
          "/proc/latency_stats",
          "/proc/sched_debug",
          "/proc/scsi",
          "/proc/timer_list",
          "/proc/timer_stats",
          "/sys/devices/virtual/powercap",
          "/sys/firmware");

  /** Cannot be written. */
  static final List<String> READONLY =
      List.of("/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger");

  private Hide() {}

  static List<String> masked(HostFacts host) {
    List<String> all = new ArrayList<>(MASKED);
    all.addAll(host.thermalPaths());
    return all;
  }
}

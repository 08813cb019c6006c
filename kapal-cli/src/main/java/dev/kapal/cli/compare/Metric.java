package dev.kapal.cli.compare;

import java.util.Locale;

/** What is measured of a runtime. */
enum Metric {
  START(
      "start_seconds", "Start", "from the request to the first byte that the program prints", true),
  EXEC("exec_seconds", "Exec", "a further process, to the first byte that it prints", true),
  MEMORY(
      "memory_bytes",
      "Memory",
      "of everything beside the workload: monitors, shims, kernels (PSS)",
      true),
  SYSCALL("syscall_seconds", "System call", "getppid, called inside", true),
  DISK_WRITE("disk_write_bytes_per_second", "Write", "64 MiB written and synced inside", false),
  DISK_READ(
      "disk_read_bytes_per_second", "Read", "the same, read back from the cache inside", false),
  LOOPBACK("loopback_bytes_per_second", "Loopback", "TCP to itself, inside", false),
  NETWORK(
      "network_bytes_per_second",
      "Network",
      "TCP to a container of the default runtime on the default network",
      false);

  private final String key;
  private final String title;
  private final String explanation;
  private final boolean lessIsBetter;

  Metric(String key, String title, String explanation, boolean lessIsBetter) {
    this.key = key;
    this.title = title;
    this.explanation = explanation;
    this.lessIsBetter = lessIsBetter;
  }

  /** Its name in JSON, with the unit. */
  String key() {
    return key;
  }

  /** Its heading. */
  String title() {
    return title;
  }

  /** What it is, without a full stop. */
  String explanation() {
    return explanation;
  }

  /** Which end is the good one. */
  boolean lessIsBetter() {
    return lessIsBetter;
  }

  /** A value in seconds, bytes, or bytes per second, for people. */
  String text(double value) {
    return switch (this) {
      case START, EXEC, SYSCALL -> seconds(value);
      case MEMORY -> size(value);
      case DISK_WRITE, DISK_READ, LOOPBACK, NETWORK -> size(value) + "/s";
    };
  }

  private static String seconds(double value) {
    if (value < 1e-6) {
      return digits(value * 1e9) + " ns";
    }
    if (value < 1e-3) {
      return digits(value * 1e6) + " µs";
    }
    return value < 1 ? digits(value * 1e3) + " ms" : digits(value) + " s";
  }

  private static String size(double value) {
    if (value < 1e6) {
      return digits(value / 1e3) + " kB";
    }
    return value < 1e9 ? digits(value / 1e6) + " MB" : digits(value / 1e9) + " GB";
  }

  private static String digits(double value) {
    return String.format(Locale.ROOT, value < 10 ? "%.1f" : "%.0f", value);
  }
}

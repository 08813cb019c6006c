package dev.kapal.daemon.metrics;

import io.prometheus.metrics.model.registry.MultiCollector;
import io.prometheus.metrics.model.snapshots.MetricSnapshots;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The daemon's process as the kernel sees it (proc(5)), with the names that Prometheus's clients
 * have.
 *
 * @param proc the process's directory
 */
record ProcessMetrics(Path proc) implements MultiCollector {
  private static final Pattern SIZE = Pattern.compile("(?m)^(Vm(?:RSS|Size)):\\s+([0-9]+) kB$");
  private static final Pattern FILES = Pattern.compile("(?m)^Max open files\\s+([0-9]+) ");
  private static final int KIBIBYTE = 1024;

  @Override
  public MetricSnapshots collect() {
    ProcessHandle.Info self = ProcessHandle.current().info();
    Families families =
        new Families()
            .counter(
                "process_cpu_seconds_total",
                "User and system time of the processors.",
                self.totalCpuDuration().orElse(Duration.ZERO).toNanos() / 1e9)
            .gauge(
                "process_start_time_seconds",
                "When the daemon started, in seconds since 1970.",
                self.startInstant().orElse(Instant.EPOCH).toEpochMilli() / 1e3)
            .gauge("process_open_fds", "Open descriptors.", (double) descriptors());
    maximum()
        .ifPresent(
            most -> families.gauge("process_max_fds", "How many descriptors may be open.", most));
    Matcher sizes = SIZE.matcher(read("status"));
    while (sizes.find()) {
      double bytes = Double.parseDouble(sizes.group(2)) * KIBIBYTE;
      if (sizes.group(1).equals("VmRSS")) {
        families.gauge("process_resident_memory_bytes", "Memory that is resident.", bytes);
      } else {
        families.gauge("process_virtual_memory_bytes", "Size of the address space.", bytes);
      }
    }
    return families.build();
  }

  private long descriptors() {
    try (Stream<Path> all = Files.list(proc.resolve("fd"))) {
      return all.count();
    } catch (IOException e) {
      throw new UncheckedIOException("cannot read " + proc.resolve("fd"), e);
    }
  }

  /** Empty: there is no limit. */
  private Optional<Double> maximum() {
    Matcher limit = FILES.matcher(read("limits"));
    return limit.find() ? Optional.of(Double.valueOf(limit.group(1))) : Optional.empty();
  }

  private String read(String file) {
    try {
      return Files.readString(proc.resolve(file));
    } catch (IOException e) {
      throw new UncheckedIOException("cannot read " + proc.resolve(file), e);
    }
  }
}

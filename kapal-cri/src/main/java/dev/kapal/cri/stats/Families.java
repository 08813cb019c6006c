package dev.kapal.cri.stats;

import static dev.kapal.cri.stats.Family.counter;
import static dev.kapal.cri.stats.Family.gauge;

import dev.kapal.cri.stats.Family.Point;
import dev.kapal.engine.ContainerStats;
import dev.kapal.engine.ContainerStats.Network;
import dev.kapal.engine.PodStats;
import dev.kapal.linux.Pressure;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.function.ToLongFunction;

/**
 * All metrics, with the names, labels and units that cAdvisor gave them, so that what reads the
 * kubelet's {@code /metrics/cadvisor} goes on. Values are whole numbers in this interface: times
 * are whole seconds.
 */
final class Families {
  private static final long SECOND = 1_000_000_000;
  private static final long SECOND_IN_MICROS = 1_000_000;

  /** Of containers. */
  static final List<Family<ContainerSample>> CONTAINER = new ArrayList<>();

  /** Of pods. */
  static final List<Family<PodStats>> POD = new ArrayList<>();

  static {
    processor();
    memory();
    disk();
    processes();
    pressure();
    network("receive", "bytes", Network::receivedBytes);
    network("receive", "packets", Network::receivedPackets);
    network("receive", "packets_dropped", Network::receivedDropped);
    network("receive", "errors", Network::receivedErrors);
    network("transmit", "bytes", Network::sentBytes);
    network("transmit", "packets", Network::sentPackets);
    network("transmit", "packets_dropped", Network::sentDropped);
    network("transmit", "errors", Network::sentErrors);
  }

  private Families() {}

  private static Function<ContainerSample, Long> stat(ToLongFunction<ContainerStats> value) {
    return sample -> value.applyAsLong(sample.stats());
  }

  private static Function<ContainerSample, Long> detail(String key) {
    return sample -> sample.stats().memoryDetail().getOrDefault(key, 0L);
  }

  private static void processor() {
    CONTAINER.add(
        counter(
            "container_cpu_usage_seconds_total",
            "Processor time used, in seconds.",
            List.of("cpu"),
            s -> List.of(new Point(List.of("total"), s.stats().cpuNanos() / SECOND))));
    CONTAINER.add(
        counter(
            "container_cpu_user_seconds_total",
            "Processor time used in user mode, in seconds.",
            stat(s -> s.cpuUserNanos() / SECOND)));
    CONTAINER.add(
        counter(
            "container_cpu_system_seconds_total",
            "Processor time used in the kernel, in seconds.",
            stat(s -> s.cpuSystemNanos() / SECOND)));
    CONTAINER.add(
        counter(
            "container_cpu_cfs_periods_total",
            "Periods in which a limit of processor time counted.",
            stat(ContainerStats::periods)));
    CONTAINER.add(
        counter(
            "container_cpu_cfs_throttled_periods_total",
            "Periods in which that limit held it back.",
            stat(ContainerStats::throttledPeriods)));
    CONTAINER.add(
        counter(
            "container_cpu_cfs_throttled_seconds_total",
            "For how long that limit held it back, in seconds.",
            stat(s -> s.throttledNanos() / SECOND)));
  }

  private static void memory() {
    CONTAINER.add(
        gauge(
            "container_memory_usage_bytes",
            "Memory in use, the page cache included.",
            stat(ContainerStats::memoryWithCache)));
    CONTAINER.add(
        gauge(
            "container_memory_working_set_bytes",
            "Memory in use without the page cache that was not used lately.",
            stat(ContainerStats::memory)));
    CONTAINER.add(
        gauge(
            "container_memory_max_usage_bytes",
            "The most memory that was in use.",
            stat(ContainerStats::memoryPeak)));
    CONTAINER.add(gauge("container_memory_rss", "Anonymous memory.", detail("anon")));
    CONTAINER.add(gauge("container_memory_cache", "Page cache.", detail("file")));
    CONTAINER.add(gauge("container_memory_mapped_file", "Mapped files.", detail("file_mapped")));
    CONTAINER.add(
        gauge(
            "container_memory_total_active_file_bytes",
            "Page cache that was used lately.",
            detail("active_file")));
    CONTAINER.add(
        gauge(
            "container_memory_total_inactive_file_bytes",
            "Page cache that was not used lately.",
            detail("inactive_file")));
    CONTAINER.add(
        gauge(
            "container_memory_kernel_usage",
            "Memory that the kernel uses for it.",
            detail("kernel")));
    CONTAINER.add(gauge("container_memory_swap", "Swap in use.", stat(ContainerStats::swap)));
    CONTAINER.add(
        counter("container_memory_failcnt", "How often its limit was hit.", detail("failures")));
    CONTAINER.add(
        counter(
            "container_memory_failures_total",
            "Page faults.",
            List.of("failure_type", "scope"),
            s ->
                List.of(
                    new Point(List.of("pgfault", "hierarchy"), detail("pgfault").apply(s)),
                    new Point(List.of("pgmajfault", "hierarchy"), detail("pgmajfault").apply(s)))));
    CONTAINER.add(
        gauge(
            "container_spec_memory_limit_bytes",
            "The limit of its memory; 0: none.",
            s -> s.info().spec().resources().memory().orElse(0L)));
  }

  private static void disk() {
    CONTAINER.add(
        gauge(
            "container_fs_usage_bytes",
            "What its writable layer takes.",
            List.of("device"),
            s ->
                s.layer()
                    .map(l -> List.of(new Point(List.of(""), l.use().writable())))
                    .orElse(List.of())));
    blocks("reads_bytes", "Bytes read", ContainerStats.BlockDevice::readBytes);
    blocks("writes_bytes", "Bytes written", ContainerStats.BlockDevice::writtenBytes);
    blocks("reads", "Reads", ContainerStats.BlockDevice::reads);
    blocks("writes", "Writes", ContainerStats.BlockDevice::writes);
  }

  private static void blocks(
      String what, String help, ToLongFunction<ContainerStats.BlockDevice> value) {
    CONTAINER.add(
        counter(
            "container_fs_" + what + "_total",
            help + ", by device.",
            List.of("device"),
            s ->
                s.stats().blockDevices().stream()
                    .map(d -> new Point(List.of(d.major() + ":" + d.minor()), value.applyAsLong(d)))
                    .toList()));
  }

  private static void processes() {
    CONTAINER.add(gauge("container_processes", "Processes.", sample -> (long) sample.processes()));
    CONTAINER.add(
        gauge("container_threads", "Threads of all processes.", stat(ContainerStats::pids)));
    CONTAINER.add(
        gauge(
            "container_threads_max",
            "The most threads that there may be; 0: no limit.",
            stat(ContainerStats::pidsLimit)));
    CONTAINER.add(
        gauge(
            "container_start_time_seconds",
            "When it started, in seconds since 1970.",
            s -> s.info().started().orElse(s.info().created()).getEpochSecond()));
    CONTAINER.add(
        gauge(
            "container_last_seen",
            "When it was measured, in seconds since 1970.",
            s -> s.stats().time().getEpochSecond()));
  }

  private static void pressure() {
    for (String resource : List.of("cpu", "memory", "io")) {
      stall(resource, "waiting", "some of its processes waited", Pressure::some);
      stall(resource, "stalled", "all of its processes waited", Pressure::full);
    }
  }

  private static void stall(
      String resource, String word, String help, Function<Pressure, Pressure.Stall> which) {
    CONTAINER.add(
        counter(
            "container_pressure_" + resource + "_" + word + "_seconds_total",
            "For how long " + help + " for " + resource + ", in seconds.",
            List.of(),
            s -> {
              Pressure pressure = s.stats().pressures().get(resource);
              return pressure == null
                  ? List.of()
                  : Point.of(which.apply(pressure).total() / SECOND_IN_MICROS);
            }));
  }

  private static void network(String way, String what, ToLongFunction<Network> value) {
    POD.add(
        counter(
            "container_network_" + way + "_" + what + "_total",
            "What a pod's interface counts: " + way + " " + what.replace('_', ' ') + ".",
            List.of("interface"),
            s ->
                s.networks().entrySet().stream()
                    .map(e -> new Point(List.of(e.getKey()), value.applyAsLong(e.getValue())))
                    .toList()));
  }
}

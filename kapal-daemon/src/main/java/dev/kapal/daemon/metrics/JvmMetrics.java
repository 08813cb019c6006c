package dev.kapal.daemon.metrics;

import io.prometheus.metrics.model.registry.MultiCollector;
import io.prometheus.metrics.model.snapshots.Labels;
import io.prometheus.metrics.model.snapshots.MetricSnapshots;
import io.prometheus.metrics.model.snapshots.SummarySnapshot;
import io.prometheus.metrics.model.snapshots.SummarySnapshot.SummaryDataPointSnapshot;
import java.lang.management.GarbageCollectorMXBean;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryUsage;
import java.lang.management.ThreadMXBean;
import java.util.LinkedHashMap;
import java.util.Map;

/** The Java virtual machine, with the names that Prometheus's Java client has. */
final class JvmMetrics implements MultiCollector {
  @Override
  public MetricSnapshots collect() {
    MemoryUsage heap = ManagementFactory.getMemoryMXBean().getHeapMemoryUsage();
    MemoryUsage other = ManagementFactory.getMemoryMXBean().getNonHeapMemoryUsage();
    ThreadMXBean threads = ManagementFactory.getThreadMXBean();
    return new Families()
        .gauges(
            "jvm_memory_used_bytes",
            "Memory in use, by area.",
            "area",
            areas(heap.getUsed(), other.getUsed()))
        .gauges(
            "jvm_memory_committed_bytes",
            "Memory that the machine has from the kernel, by area.",
            "area",
            areas(heap.getCommitted(), other.getCommitted()))
        .gauges(
            "jvm_memory_max_bytes",
            "The most memory it may use, by area; -1: no limit.",
            "area",
            areas(heap.getMax(), other.getMax()))
        .and(collections())
        .gauge("jvm_threads_current", "Platform threads.", threads.getThreadCount())
        .gauge("jvm_threads_daemon", "Daemon threads among them.", threads.getDaemonThreadCount())
        .gauge("jvm_threads_peak", "The most there were.", threads.getPeakThreadCount())
        .gauge(
            "jvm_classes_currently_loaded",
            "Classes that are loaded.",
            ManagementFactory.getClassLoadingMXBean().getLoadedClassCount())
        .build();
  }

  private static Map<String, Long> areas(long heap, long other) {
    Map<String, Long> areas = new LinkedHashMap<>();
    areas.put("heap", heap);
    areas.put("nonheap", other);
    return areas;
  }

  private static SummarySnapshot collections() {
    SummarySnapshot.Builder family =
        SummarySnapshot.builder()
            .name("jvm_gc_collection_seconds")
            .help("Garbage collections, by collector.");
    for (GarbageCollectorMXBean gc : ManagementFactory.getGarbageCollectorMXBeans()) {
      family.dataPoint(
          SummaryDataPointSnapshot.builder()
              .count(Math.max(0, gc.getCollectionCount()))
              .sum(Math.max(0, gc.getCollectionTime()) / 1e3)
              .labels(Labels.of("gc", gc.getName()))
              .build());
    }
    return family.build();
  }
}

package dev.kapal.daemon.metrics;

import io.prometheus.metrics.model.snapshots.CounterSnapshot;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot.GaugeDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.Labels;
import io.prometheus.metrics.model.snapshots.MetricSnapshots;
import java.util.Map;

/** Families of values that are read at the moment of a scrape. */
final class Families {
  private final MetricSnapshots.Builder all = MetricSnapshots.builder();

  Families gauge(String name, String help, double value) {
    all.metricSnapshot(
        GaugeSnapshot.builder()
            .name(name)
            .help(help)
            .dataPoint(GaugeDataPointSnapshot.builder().value(value).build())
            .build());
    return this;
  }

  /** A gauge with one label. */
  Families gauges(String name, String help, String label, Map<String, ? extends Number> values) {
    GaugeSnapshot.Builder family = GaugeSnapshot.builder().name(name).help(help);
    values.forEach((key, value) ->
        family.dataPoint(
            GaugeDataPointSnapshot.builder()
                .value(value.doubleValue())
                .labels(Labels.of(label, key))
                .build()));
    all.metricSnapshot(family.build());
    return this;
  }

  /** A gauge that is 1, for its labels' sake. */
  Families facts(String name, String help, Map<String, String> labels) {
    Labels.Builder told = Labels.builder();
    labels.forEach(told::label);
    all.metricSnapshot(
        GaugeSnapshot.builder()
            .name(name)
            .help(help)
            .dataPoint(GaugeDataPointSnapshot.builder().value(1).labels(told.build()).build())
            .build());
    return this;
  }

  Families counter(String name, String help, double value) {
    all.metricSnapshot(
        CounterSnapshot.builder()
            .name(name)
            .help(help)
            .dataPoint(CounterSnapshot.CounterDataPointSnapshot.builder().value(value).build())
            .build());
    return this;
  }

  /** A counter with one label. */
  Families counters(String name, String help, String label, Map<String, ? extends Number> values) {
    CounterSnapshot.Builder family = CounterSnapshot.builder().name(name).help(help);
    values.forEach((key, value) ->
        family.dataPoint(
            CounterSnapshot.CounterDataPointSnapshot.builder()
                .value(value.doubleValue())
                .labels(Labels.of(label, key))
                .build()));
    all.metricSnapshot(family.build());
    return this;
  }

  /** Any other. */
  Families and(io.prometheus.metrics.model.snapshots.MetricSnapshot other) {
    all.metricSnapshot(other);
    return this;
  }

  MetricSnapshots build() {
    return all.build();
  }
}

package dev.kapal.cri.stats;

import dev.kapal.cri.proto.Metric;
import dev.kapal.cri.proto.MetricDescriptor;
import dev.kapal.cri.proto.MetricType;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/**
 * Metrics of one name.
 *
 * @param name as cAdvisor has it
 * @param help what it means
 * @param type counts up, or goes up and down
 * @param labels their keys, beside those that all have ({@link #BASE})
 * @param points its values for one thing
 */
record Family<T>(
    String name,
    String help,
    MetricType type,
    List<String> labels,
    Function<T, List<Point>> points) {

  /** Keys of the labels that every metric has, as the kubelet's own metrics of containers. */
  static final List<String> BASE = List.of("container", "id", "image", "name", "namespace", "pod");

  /**
   * A value.
   *
   * @param labels values of the family's own labels, in their order
   */
  record Point(List<String> labels, long value) {
    static List<Point> of(long value) {
      return List.of(new Point(List.of(), value));
    }
  }

  static <T> Family<T> counter(
      String name, String help, List<String> labels, Function<T, List<Point>> points) {
    return new Family<>(name, help, MetricType.COUNTER, labels, points);
  }

  static <T> Family<T> counter(String name, String help, Function<T, Long> value) {
    return counter(name, help, List.of(), value.andThen(Point::of));
  }

  static <T> Family<T> gauge(
      String name, String help, List<String> labels, Function<T, List<Point>> points) {
    return new Family<>(name, help, MetricType.GAUGE, labels, points);
  }

  static <T> Family<T> gauge(String name, String help, Function<T, Long> value) {
    return gauge(name, help, List.of(), value.andThen(Point::of));
  }

  MetricDescriptor descriptor() {
    return MetricDescriptor.newBuilder()
        .setName(name)
        .setHelp(help)
        .addAllLabelKeys(BASE)
        .addAllLabelKeys(labels)
        .build();
  }

  /**
   * Its metrics of one thing.
   *
   * @param base values of {@link #BASE}
   * @param nanos when, since 1970
   */
  List<Metric> metrics(T thing, List<String> base, long nanos) {
    List<Metric> all = new ArrayList<>();
    for (Point point : points.apply(thing)) {
      all.add(
          Metric.newBuilder()
              .setName(name)
              .setTimestamp(nanos)
              .setMetricType(type)
              .addAllLabelValues(base)
              .addAllLabelValues(point.labels)
              .setValue(UsageMessages.value(point.value))
              .build());
    }
    return all;
  }
}

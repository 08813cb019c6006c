package dev.kapal.cli.compare;

import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * What a comparison found.
 *
 * @param host where
 * @param image of the container
 * @param count how often latencies were measured; the median is told
 * @param when it was done
 * @param measured runtimes that work, fastest start first within a tier
 * @param unusable the others
 */
record Comparison(
    HostFacts host,
    String image,
    int count,
    Instant when,
    List<Measured> measured,
    List<Unusable> unusable) {
  Comparison {
    measured = List.copyOf(measured);
    unusable = List.copyOf(unusable);
  }

  /** What was measured on. */
  record HostFacts(String name, String kernel, String architecture, int cpus, long memory) {}

  /**
   * A runtime that works.
   *
   * @param tier how strongly it isolates
   * @param version its own words
   * @param kernel that the container saw
   * @param values in seconds, bytes, or bytes per second
   * @param problems why a value is missing
   */
  record Measured(
      String name,
      String tier,
      String version,
      String kernel,
      Map<Metric, Double> values,
      Map<Metric, String> problems) {
    Measured {
      values = Map.copyOf(values);
      problems = Map.copyOf(problems);
    }

    OptionalDouble value(Metric metric) {
      return Optional.ofNullable(values.get(metric))
          .map(OptionalDouble::of)
          .orElse(OptionalDouble.empty());
    }
  }

  /** A runtime that does not, and why. */
  record Unusable(String name, String tier, String reason, String remedy) {}

  /** The largest value of a metric; 0 if there is none. */
  double largest(Metric metric) {
    return measured.stream().flatMapToDouble(m -> m.value(metric).stream()).max().orElse(0);
  }

  /** The best value of a metric, if more than one runtime has one. */
  OptionalDouble best(Metric metric) {
    double[] all =
        measured.stream().flatMapToDouble(m -> m.value(metric).stream()).sorted().toArray();
    if (all.length < 2) {
      return OptionalDouble.empty();
    }
    return OptionalDouble.of(metric.lessIsBetter() ? all[0] : all[all.length - 1]);
  }

  /** As a tree of maps for JSON. */
  Map<String, Object> json() {
    Map<String, Object> json = new LinkedHashMap<>();
    Map<String, Object> on = new LinkedHashMap<>();
    on.put("name", host.name());
    on.put("kernel", host.kernel());
    on.put("architecture", host.architecture());
    on.put("cpus", host.cpus());
    on.put("memory_bytes", host.memory());
    json.put("host", on);
    json.put("image", image);
    json.put("count", count);
    json.put("time", when.toString());
    json.put("runtimes", measured.stream().map(Comparison::json).toList());
    json.put(
        "unusable",
        unusable.stream()
            .map(u -> {
              Map<String, Object> map = new LinkedHashMap<>();
              map.put("name", u.name());
              map.put("tier", u.tier());
              map.put("reason", u.reason());
              map.put("remedy", u.remedy());
              return map;
            })
            .toList());
    return json;
  }

  private static Map<String, Object> json(Measured m) {
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("name", m.name());
    map.put("tier", m.tier());
    map.put("version", m.version());
    map.put("kernel", m.kernel());
    for (Metric metric : Metric.values()) {
      m.value(metric).ifPresent(value -> map.put(metric.key(), value));
    }
    Map<String, Object> problems = new LinkedHashMap<>();
    m.problems().forEach((metric, why) -> problems.put(metric.key(), why));
    map.put("problems", problems);
    return map;
  }
}

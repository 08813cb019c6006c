package dev.kapal.daemon.metrics;

import dev.kapal.engine.ContainerInfo;
import dev.kapal.engine.ContainerState;
import dev.kapal.engine.Engine;
import dev.kapal.engine.EngineSystem;
import dev.kapal.engine.Filters;
import dev.kapal.engine.PodInfo;
import dev.kapal.image.ImageFilters;
import io.prometheus.metrics.model.registry.MultiCollector;
import io.prometheus.metrics.model.snapshots.MetricSnapshots;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Supplier;

/**
 * What there is at the moment of a scrape.
 *
 * @param about facts that never change while the daemon runs, such as its version
 * @param spans how many spans of traces there were, by what became of them
 */
record Inventory(Engine engine, Map<String, String> about, Supplier<Map<String, Long>> spans)
    implements MultiCollector {
  @Override
  public MetricSnapshots collect() {
    List<ContainerInfo> containers = engine.containers().list(true, Filters.NONE);
    List<PodInfo> pods = engine.pods().list();
    EngineSystem.RecoveryReport recovery = engine.system().recovery();
    Map<String, Integer> recovered = new LinkedHashMap<>();
    recovered.put("reattached", recovery.reattached());
    recovered.put("ended", recovery.ended());
    recovered.put("restarted", recovery.restarted());
    recovered.put("undone", recovery.undone());
    recovered.put("removed", recovery.removed());
    return new Families()
        .gauges("kapal_containers", "Containers, by state.", "state", states(containers))
        .gauges("kapal_pods", "Pods, by state.", "state", podStates(pods))
        .gauge("kapal_images", "Images.", engine.images().list(ImageFilters.NONE).size())
        .gauges(
            "kapal_sandboxes",
            "Sandboxes that run, by runtime: each has a monitor, or a shim.",
            "runtime",
            sandboxes(containers, pods))
        .gauge(
            "kapal_recovery_duration_seconds",
            "How long this daemon took at its start to settle what the last one left.",
            recovery.took().toNanos() / 1e9)
        .gauges(
            "kapal_recovery_found",
            "What this daemon found at its start, and did with it.",
            "outcome",
            recovered)
        .gauge(
            "kapal_recovery_problems",
            "What this daemon could not settle at its start; the log tells of each.",
            recovery.problems().size())
        .counters(
            "kapal_trace_spans_total",
            "Spans of traces, by what became of them: dropped are those that nobody could wait for.",
            "outcome",
            spans.get())
        .facts("kapal_build_info", "1; the labels say what runs here.", about)
        .build();
  }

  private static Map<String, Integer> states(List<ContainerInfo> containers) {
    Map<String, Integer> states = new LinkedHashMap<>();
    for (ContainerState state : ContainerState.values()) {
      states.put(state.text(), 0);
    }
    containers.forEach(c -> states.merge(c.state().text(), 1, Integer::sum));
    return states;
  }

  private static Map<String, Integer> podStates(List<PodInfo> pods) {
    int ready = (int) pods.stream().filter(PodInfo::ready).count();
    Map<String, Integer> states = new LinkedHashMap<>();
    states.put("ready", ready);
    states.put("notready", pods.size() - ready);
    return states;
  }

  /** A container of a pod is in the pod's sandbox. */
  private Map<String, Integer> sandboxes(List<ContainerInfo> containers, List<PodInfo> pods) {
    Map<String, Integer> sandboxes = new TreeMap<>();
    engine.system().runtimes().forEach(name -> sandboxes.put(name, 0));
    containers.stream()
        .filter(c -> c.state().alive() && c.spec().pod().isEmpty())
        .forEach(c -> sandboxes.merge(c.runtime(), 1, Integer::sum));
    pods.stream()
        .filter(PodInfo::ready)
        .forEach(p -> sandboxes.merge(p.runtime(), 1, Integer::sum));
    return sandboxes;
  }
}

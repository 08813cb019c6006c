package dev.kapal.daemon.metrics;

import dev.kapal.cri.observe.CallObserver;
import dev.kapal.engine.Engine;
import dev.kapal.engine.Observer;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import io.prometheus.metrics.model.snapshots.MetricSnapshots;
import java.nio.file.Path;
import java.util.Map;
import java.util.function.Supplier;

/**
 * All that is counted and measured of one daemon, from the moment this is made; docs/metrics.md has
 * the table. How many series there are is bounded: labels are words of Kapal's own, names of CRI's
 * methods and of configured runtimes, never of containers or images.
 */
public final class Metrics {
  private final PrometheusRegistry registry = new PrometheusRegistry();
  private final EngineMetrics operations;
  private final CallMetrics calls;

  /**
   * Begins to count.
   *
   * @param about labels of {@code kapal_build_info}
   * @param spans how many spans of traces there were, by what became of them
   */
  public Metrics(Engine engine, Map<String, String> about, Supplier<Map<String, Long>> spans) {
    operations = new EngineMetrics(registry);
    calls = new CallMetrics(registry);
    registry.register(new Inventory(engine, about, spans));
    registry.register(new ProcessMetrics(Path.of("/proc/self")));
    registry.register(new JvmMetrics());
  }

  /** Is to hear what the engine does. */
  public Observer engine() {
    return operations;
  }

  /** Is to hear the calls of the kubelet's interface. */
  public CallObserver calls() {
    return calls;
  }

  /** Everything as it is now. */
  MetricSnapshots scrape() {
    return registry.scrape();
  }
}

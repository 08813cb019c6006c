package dev.kapal.daemon.metrics;

import dev.kapal.engine.Event;
import dev.kapal.engine.Observer;
import io.prometheus.metrics.core.metrics.Counter;
import io.prometheus.metrics.core.metrics.Histogram;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import io.prometheus.metrics.model.snapshots.Unit;

/** Counts what the engine does. */
final class EngineMetrics implements Observer {
  private final Histogram durations;
  private final Counter errors;
  private final Counter pulled;
  private final Counter events;
  private final Counter oom;

  EngineMetrics(PrometheusRegistry registry) {
    durations =
        Histogram.builder()
            .name("kapal_operation_duration_seconds")
            .help("How long the engine's operations took, failed ones included.")
            .unit(Unit.SECONDS)
            .labelNames("operation")
            .classicOnly()
            .classicUpperBounds(
                0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)
            .withoutExemplars()
            .register(registry);
    errors =
        Counter.builder()
            .name("kapal_operation_errors_total")
            .help("Operations of the engine that failed.")
            .labelNames("operation")
            .withoutExemplars()
            .register(registry);
    pulled =
        Counter.builder()
            .name("kapal_image_pull_bytes_total")
            .help("Bytes of layers that were downloaded from registries, compressed as there.")
            .withoutExemplars()
            .register(registry);
    events =
        Counter.builder()
            .name("kapal_events_total")
            .help("Events that the engine told.")
            .labelNames("type", "event")
            .withoutExemplars()
            .register(registry);
    oom =
        Counter.builder()
            .name("kapal_container_oom_events_total")
            .help("How often the kernel's OOM killer was noticed in a container.")
            .withoutExemplars()
            .register(registry);
    for (Operation operation : Operation.values()) {
      durations.initLabelValues(operation.text());
      errors.initLabelValues(operation.text());
    }
  }

  @Override
  public Step begin(Operation operation) {
    long began = System.nanoTime();
    return failure -> {
      durations.labelValues(operation.text()).observe((System.nanoTime() - began) / 1e9);
      if (failure.isPresent()) {
        errors.labelValues(operation.text()).inc();
      }
    };
  }

  @Override
  public void told(Event event) {
    // "exec_start: ls -l" has the command line of somebody's process in it.
    int colon = event.action().indexOf(':');
    String action = colon < 0 ? event.action() : event.action().substring(0, colon);
    events.labelValues(event.type(), action).inc();
    if (event.type().equals("container") && action.equals("oom")) {
      oom.inc();
    }
  }

  @Override
  public void downloaded(long bytes) {
    pulled.inc(bytes);
  }
}

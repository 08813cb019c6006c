package dev.kapal.daemon.metrics;

import dev.kapal.cri.observe.CallObserver;
import io.prometheus.metrics.core.metrics.Counter;
import io.prometheus.metrics.core.metrics.Gauge;
import io.prometheus.metrics.core.metrics.Histogram;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import io.prometheus.metrics.model.snapshots.Unit;

/** Counts the calls of the kubelet's interface. Only methods that exist come here. */
final class CallMetrics implements CallObserver {
  private final Counter calls;
  private final Histogram durations;
  private final Counter sent;
  private final Gauge underWay;

  CallMetrics(PrometheusRegistry registry) {
    calls =
        Counter.builder()
            .name("kapal_cri_rpcs_total")
            .help("Calls of the kubelet's interface that are over, by gRPC status code.")
            .labelNames("service", "method", "code")
            .withoutExemplars()
            .register(registry);
    durations =
        Histogram.builder()
            .name("kapal_cri_rpc_duration_seconds")
            .help("How long calls of the kubelet's interface took, streams included.")
            .unit(Unit.SECONDS)
            .labelNames("service", "method")
            .classicOnly()
            .classicUpperBounds(
                0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30,
                60, 300)
            .withoutExemplars()
            .register(registry);
    sent =
        Counter.builder()
            .name("kapal_cri_messages_sent_total")
            .help("Messages that were sent to callers; with GetContainerEvents, events told.")
            .labelNames("service", "method")
            .withoutExemplars()
            .register(registry);
    underWay =
        Gauge.builder()
            .name("kapal_cri_rpcs_in_flight")
            .help("Calls of the kubelet's interface under way.")
            .withoutExemplars()
            .register(registry);
  }

  @Override
  public Observed begin(Call call) {
    long began = System.nanoTime();
    underWay.inc();
    return new Observed() {
      @Override
      public void sent() {
        sent.labelValues(call.service(), call.method()).inc();
      }

      @Override
      public void end(String code, int number) {
        underWay.dec();
        calls.labelValues(call.service(), call.method(), code).inc();
        durations
            .labelValues(call.service(), call.method())
            .observe((System.nanoTime() - began) / 1e9);
      }
    };
  }
}

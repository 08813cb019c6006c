package dev.kapal.daemon.tracing;

import dev.kapal.cri.observe.CallObserver;
import dev.kapal.engine.Observer;
import java.net.URI;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Records calls of the kubelet's interface, and what the engine does for them on the same thread,
 * as spans of OpenTelemetry. A call continues the trace that its caller names; whether that is
 * recorded is then the caller's word.
 */
public final class Tracing implements CallObserver, Observer, AutoCloseable {
  /** With these codes it is the server that failed (semantic conventions for gRPC). */
  private static final Set<Integer> FAULTS = Set.of(2, 4, 12, 13, 14, 15);

  private static final int LONGEST = 1024;

  private final Exporter exporter;
  private final long perMillion;

  /** What the calling thread works at; owned by that thread. */
  private final ThreadLocal<Optional<TraceContext>> current =
      ThreadLocal.withInitial(Optional::empty);

  /**
   * Begins to trace.
   *
   * @param endpoint takes OTLP over HTTP: the whole URL
   * @param perMillion how many of a million calls that continue no trace are recorded
   * @param resource who the spans are of
   * @param counts what becomes of spans
   */
  public Tracing(URI endpoint, long perMillion, Map<String, String> resource, SpanCounts counts) {
    this.exporter = new Exporter(endpoint, resource, counts);
    this.perMillion = perMillion;
  }

  @Override
  public Observed begin(Call call) {
    Optional<TraceContext> parent = TraceContext.parse(call.traceparent(), call.tracestate());
    TraceContext at =
        parent.map(TraceContext::child).orElseGet(() -> TraceContext.begin(perMillion));
    if (!at.sampled()) {
      return Observed.NONE;
    }
    Watch watch = new Watch();
    return new Observed() {
      @Override
      public void enter() {
        current.set(Optional.of(at));
      }

      @Override
      public void leave() {
        current.remove();
      }

      @Override
      public void end(String code, int number) {
        Map<String, Object> attributes = new LinkedHashMap<>();
        attributes.put("rpc.system", "grpc");
        attributes.put("rpc.service", call.service());
        attributes.put("rpc.method", call.method());
        attributes.put("rpc.grpc.status_code", (long) number);
        exporter.send(
            new Span(
                at,
                parent.map(TraceContext::spanId),
                call.service() + "/" + call.method(),
                true,
                watch.began,
                watch.now(),
                attributes,
                FAULTS.contains(number) ? Optional.of(code) : Optional.empty()));
      }
    };
  }

  @Override
  public Step begin(Operation operation) {
    Optional<TraceContext> parent = current.get();
    if (parent.isEmpty()) {
      return Step.NONE;
    }
    TraceContext at = parent.get().child();
    Watch watch = new Watch();
    current.set(Optional.of(at));
    return failure -> {
      current.set(parent);
      exporter.send(
          new Span(
              at,
              Optional.of(parent.get().spanId()),
              operation.text(),
              false,
              watch.began,
              watch.now(),
              Map.of(),
              failure.map(Tracing::reason)));
    };
  }

  private static String reason(Throwable failure) {
    String text = String.valueOf(failure.getMessage());
    return text.length() <= LONGEST ? text : text.substring(0, LONGEST);
  }

  /** The clock that is set gives the beginning, the one that is not gives the length. */
  private static final class Watch {
    private final long ticks = System.nanoTime();
    final long began;

    Watch() {
      Instant now = Instant.now();
      began = now.getEpochSecond() * 1_000_000_000L + now.getNano();
    }

    long now() {
      return began + (System.nanoTime() - ticks);
    }
  }

  /** Sends what there is, if that goes quickly. */
  @Override
  public void close() {
    exporter.close();
  }
}

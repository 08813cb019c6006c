package dev.kapal.daemon.tracing;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import dev.kapal.cri.observe.CallObserver.Call;
import dev.kapal.cri.observe.CallObserver.Observed;
import dev.kapal.engine.Observer.Operation;
import dev.kapal.engine.Observer.Step;
import dev.kapal.oci.OciJson;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Spans as a collector gets them. */
@Timeout(60)
final class TracingTest {
  private static final String TRACE = "0af7651916cd43dd8448eb211c80319c";
  private static final String PARENT = "b7ad6b7169203331";

  /** A collector: what it was sent, and how it answers. */
  private final BlockingQueue<Map<?, ?>> spans = new LinkedBlockingQueue<>();

  private final List<String> resources = new ArrayList<>();
  private volatile int status = 200;
  private volatile CountDownLatch answer = new CountDownLatch(0);
  private HttpServer collector;
  private final SpanCounts counts = new SpanCounts();

  @BeforeEach
  void collect() throws IOException {
    collector = HttpServer.create(new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), 0), 0);
    collector.setExecutor(task -> Thread.ofVirtual().start(task));
    collector.createContext(
        "/v1/traces",
        exchange -> {
          byte[] body = exchange.getRequestBody().readAllBytes();
          try {
            answer.await();
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          }
          int now = status;
          exchange.sendResponseHeaders(now, -1);
          exchange.close();
          if (now == 200) {
            read(OciJson.read(body, Map.class));
          }
        });
    collector.start();
  }

  private void read(Map<?, ?> request) {
    for (Object resource : (List<?>) request.get("resourceSpans")) {
      resources.add(((Map<?, ?>) resource).get("resource").toString());
      for (Object scope : (List<?>) ((Map<?, ?>) resource).get("scopeSpans")) {
        ((List<?>) ((Map<?, ?>) scope).get("spans")).forEach(s -> spans.add((Map<?, ?>) s));
      }
    }
  }

  @AfterEach
  void end() {
    answer.countDown();
    collector.stop(0);
  }

  private Tracing tracing(long perMillion) {
    URI endpoint =
        URI.create("http://127.0.0.1:" + collector.getAddress().getPort() + "/v1/traces");
    return new Tracing(endpoint, perMillion, Map.of("service.name", "kapal"), counts);
  }

  private static Call call(String... traceparent) {
    return new Call(
        "runtime.v1.RuntimeService",
        "RunPodSandbox",
        List.of(traceparent).stream().findFirst(),
        Optional.of("vendor=1"));
  }

  private Map<?, ?> next() throws InterruptedException {
    Map<?, ?> span = spans.poll(20, TimeUnit.SECONDS);
    assertThat(span).as("a span arrives").isNotNull();
    return span;
  }

  @Test
  void aCallContinuesItsCallersTraceAndHoldsTheEnginesSteps() throws Exception {
    long before = System.currentTimeMillis() * 1_000_000;
    try (Tracing tracing = tracing(0)) {
      Observed call = tracing.begin(call("00-" + TRACE + "-" + PARENT + "-01"));
      call.enter();
      Step pod = tracing.begin(Operation.POD_RUN);
      tracing.begin(Operation.SANDBOX_CREATE).end(Optional.empty());
      tracing.begin(Operation.CNI_ADD).end(Optional.of(new IllegalStateException("no address")));
      pod.end(Optional.empty());
      call.end("INTERNAL", 13);
      call.leave();
      // Work for nobody's call.
      tracing.begin(Operation.CNI_DEL).end(Optional.empty());
      Map<?, ?> sandbox = next();
      Map<?, ?> cni = next();
      Map<?, ?> run = next();
      Map<?, ?> rpc = next();
      assertThat(List.of(sandbox, cni, run, rpc))
          .extracting(s -> s.get("name"))
          .isEqualTo(
              List.of(
                  "sandbox_create",
                  "cni_add",
                  "pod_run",
                  "runtime.v1.RuntimeService/RunPodSandbox"));
      assertThat(List.of(sandbox, cni, run, rpc)).allMatch(s -> s.get("traceId").equals(TRACE));
      assertThat(rpc.get("parentSpanId")).isEqualTo(PARENT);
      assertThat(run.get("parentSpanId")).isEqualTo(rpc.get("spanId"));
      assertThat(sandbox.get("parentSpanId")).isEqualTo(run.get("spanId"));
      assertThat(cni.get("parentSpanId")).isEqualTo(run.get("spanId"));
      assertThat(rpc.get("kind")).isEqualTo(2);
      assertThat(run.get("kind")).isEqualTo(1);
      assertThat(rpc.get("traceState")).isEqualTo("vendor=1");
      assertThat(rpc.get("attributes").toString())
          .contains("rpc.system", "grpc", "rpc.service", "rpc.method", "rpc.grpc.status_code")
          .contains("intValue=13");
      assertThat(rpc.get("status").toString()).contains("code=2", "INTERNAL");
      assertThat(cni.get("status").toString()).contains("code=2", "no address");
      assertThat(run.get("status")).isNull();
      long began = Long.parseLong((String) rpc.get("startTimeUnixNano"));
      long ended = Long.parseLong((String) rpc.get("endTimeUnixNano"));
      assertThat(began).isBetween(before, ended);
      assertThat(Long.parseLong((String) run.get("startTimeUnixNano"))).isBetween(began, ended);
    }
    assertThat(resources).singleElement().asString().contains("service.name", "kapal");
    assertThat(spans).isEmpty();
    assertThat(counts.all()).isEqualTo(Map.of("sent", 4L, "dropped", 0L, "failed", 0L));
  }

  @Test
  void whatACallerAnswersIsNoFaultOfTheServer() throws Exception {
    try (Tracing tracing = tracing(1_000_000)) {
      tracing.begin(call()).end("NOT_FOUND", 5);
      Map<?, ?> rpc = next();
      assertThat(rpc.get("status")).isNull();
      assertThat(rpc.get("parentSpanId")).isNull();
      assertThat((String) rpc.get("traceId")).matches("[0-9a-f]{32}");
    }
  }

  @Test
  void theCallersWordOnSamplingCountsAndElseTheRate() {
    try (Tracing none = tracing(0);
        Tracing all = tracing(1_000_000);
        Tracing some = tracing(250_000)) {
      assertThat(none.begin(call())).isSameAs(Observed.NONE);
      assertThat(all.begin(call("00-" + TRACE + "-" + PARENT + "-00"))).isSameAs(Observed.NONE);
      assertThat(none.begin(call("00-" + TRACE + "-" + PARENT + "-03"))).isNotSameAs(Observed.NONE);
      int recorded = 0;
      for (int i = 0; i < 10_000; i++) {
        recorded += some.begin(call()) == Observed.NONE ? 0 : 1;
      }
      assertThat(recorded).isBetween(2_200, 2_800);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "00",
        "00-" + TRACE + "-" + PARENT,
        "00-" + TRACE + "-" + PARENT + "-1",
        "00-" + TRACE + "-" + PARENT + "-01-more",
        "ff-" + TRACE + "-" + PARENT + "-01",
        "00-00000000000000000000000000000000-" + PARENT + "-01",
        "00-" + TRACE + "-0000000000000000-01",
        "00-0AF7651916CD43DD8448EB211C80319C-" + PARENT + "-01",
        "00-" + TRACE + "-" + PARENT + "-0x"
      })
  void aHeaderThatIsNotValidIsNoHeader(String header) {
    assertThat(TraceContext.parse(Optional.of(header), Optional.empty())).isEmpty();
  }

  @Test
  void aLaterVersionsHeaderIsReadAsFarAsItIsKnown() {
    assertThat(
            TraceContext.parse(
                Optional.of("cc-" + TRACE + "-" + PARENT + "-01-what-the-future-brings"),
                Optional.empty()))
        .contains(new TraceContext(TRACE, PARENT, true, ""));
  }

  @Test
  void aCollectorThatDoesNotAnswerDelaysNobody() throws Exception {
    answer = new CountDownLatch(1);
    try (Tracing tracing = tracing(1_000_000)) {
      int more = 3 * Exporter.QUEUE;
      long began = System.nanoTime();
      for (int i = 0; i < more; i++) {
        tracing.begin(call()).end("OK", 0);
      }
      assertThat(System.nanoTime() - began).isLessThan(TimeUnit.SECONDS.toNanos(5));
      assertThat(counts.all().get("dropped")).isPositive();
      answer.countDown();
      assertThat(spans.poll(20, TimeUnit.SECONDS)).isNotNull();
    }
    assertThat(counts.all().values().stream().mapToLong(n -> n).sum())
        .as("each is sent, dropped or failed")
        .isEqualTo(3L * Exporter.QUEUE);
  }

  @Test
  void whatIsRefusedForNowIsSentAgainAndWhatIsRefusedIsNot() throws Exception {
    status = 503;
    try (Tracing tracing = tracing(1_000_000)) {
      tracing.begin(call()).end("OK", 0);
      TimeUnit.MILLISECONDS.sleep(1500);
      status = 200;
      next();
      assertThat(counts.all()).containsEntry("failed", 0L);
      status = 400;
      tracing.begin(call()).end("OK", 0);
      while (counts.all().get("failed") == 0) {
        TimeUnit.MILLISECONDS.sleep(20);
      }
    }
    assertThat(counts.all()).isEqualTo(Map.of("sent", 1L, "dropped", 0L, "failed", 1L));
  }

  @Test
  void aCollectorThatIsNotThereCostsNothingButTheSpans() {
    collector.stop(0);
    long began = System.nanoTime();
    try (Tracing tracing = tracing(1_000_000)) {
      tracing.begin(call()).end("OK", 0);
    }
    assertThat(System.nanoTime() - began).isLessThan(TimeUnit.SECONDS.toNanos(10));
    assertThat(counts.all()).isEqualTo(Map.of("sent", 0L, "dropped", 0L, "failed", 1L));
  }
}

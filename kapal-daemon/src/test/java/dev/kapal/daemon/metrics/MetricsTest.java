package dev.kapal.daemon.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kapal.cri.observe.CallObserver;
import dev.kapal.cri.observe.CallObserver.Observed;
import dev.kapal.engine.Event;
import dev.kapal.engine.Observer;
import dev.kapal.engine.Observer.Operation;
import io.prometheus.metrics.expositionformats.ExpositionFormats;
import io.prometheus.metrics.model.snapshots.MetricSnapshot;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What is counted, how it is told, and what the documentation says of it. */
@Timeout(60)
final class MetricsTest {
  private static final CallObserver.Call RUN =
      new CallObserver.Call(
          "runtime.v1.RuntimeService", "RunPodSandbox", Optional.empty(), Optional.empty());

  private final Metrics metrics =
      new Metrics(
          FakeEngine.create(),
          Map.of("version", "1", "commit", "c", "java", "25"),
          () -> Map.of("sent", 7L, "dropped", 0L));

  private void event(String type, String action) {
    metrics.engine().told(new Event(1, Instant.EPOCH, type, action, "x", Map.of()));
  }

  /** Something of each kind. */
  private void work() {
    metrics.engine().begin(Operation.CONTAINER_START).end(Optional.empty());
    metrics
        .engine()
        .begin(Operation.CONTAINER_START)
        .end(Optional.of(new IllegalStateException("no")));
    metrics.engine().downloaded(1000);
    metrics.engine().downloaded(24);
    event("container", "exec_start: sh -c secret");
    event("container", "exec_start: other");
    event("container", "oom");
    event("image", "pull");
    Observed call = metrics.calls().begin(RUN);
    call.sent();
    call.end("OK", 0);
    metrics.calls().begin(RUN).end("NOT_FOUND", 5);
    metrics.calls().begin(RUN);
  }

  private String text() {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try {
      ExpositionFormats.init().getPrometheusTextFormatWriter().write(out, metrics.scrape());
    } catch (IOException e) {
      throw new AssertionError(e);
    }
    return out.toString(StandardCharsets.UTF_8);
  }

  @Test
  void countsWhatItIsTold() {
    work();
    String call = "method=\"RunPodSandbox\",service=\"runtime.v1.RuntimeService\"";
    assertThat(text().lines())
        .contains(
            "kapal_operation_duration_seconds_count{operation=\"container_start\"} 2",
            "kapal_operation_duration_seconds_count{operation=\"cni_add\"} 0",
            "kapal_operation_errors_total{operation=\"container_start\"} 1.0",
            "kapal_operation_errors_total{operation=\"pod_run\"} 0.0",
            "kapal_image_pull_bytes_total 1024.0",
            "kapal_events_total{event=\"exec_start\",type=\"container\"} 2.0",
            "kapal_events_total{event=\"pull\",type=\"image\"} 1.0",
            "kapal_container_oom_events_total 1.0",
            "kapal_cri_rpcs_total{code=\"OK\"," + call + "} 1.0",
            "kapal_cri_rpcs_total{code=\"NOT_FOUND\"," + call + "} 1.0",
            "kapal_cri_rpc_duration_seconds_bucket{" + call + ",le=\"+Inf\"} 2",
            "kapal_cri_messages_sent_total{" + call + "} 1.0",
            "kapal_cri_rpcs_in_flight 1.0");
    assertThat(text()).doesNotContain("secret");
  }

  @Test
  void tellsWhatThereIs() {
    assertThat(text().lines())
        .contains(
            "kapal_containers{state=\"running\"} 0.0",
            "kapal_pods{state=\"ready\"} 1.0",
            "kapal_pods{state=\"notready\"} 1.0",
            "kapal_images 3.0",
            "kapal_sandboxes{runtime=\"native\"} 1.0",
            "kapal_sandboxes{runtime=\"runsc\"} 0.0",
            "kapal_recovery_duration_seconds 1.5",
            "kapal_recovery_found{outcome=\"reattached\"} 4.0",
            "kapal_recovery_problems 1.0",
            "kapal_trace_spans_total{outcome=\"sent\"} 7.0",
            "kapal_build_info{commit=\"c\",java=\"25\",version=\"1\"} 1.0");
    assertThat(value("process_resident_memory_bytes")).isGreaterThan(10e6);
    assertThat(value("process_open_fds")).isBetween(3.0, value("process_max_fds"));
    assertThat(value("process_start_time_seconds"))
        .isBetween(1e9, System.currentTimeMillis() / 1e3);
    assertThat(value("process_cpu_seconds_total")).isPositive();
    assertThat(value("jvm_threads_current")).isPositive();
    assertThat(value("jvm_memory_used_bytes{area=\"heap\"}")).isGreaterThan(1e6);
  }

  private double value(String series) {
    return text()
        .lines()
        .filter(l -> l.startsWith(series + " "))
        .map(l -> Double.parseDouble(l.substring(series.length() + 1)))
        .findFirst()
        .orElseThrow();
  }

  @Test
  void theDocumentationHasAllOfThem() throws IOException {
    work();
    Matcher type = Pattern.compile("(?m)^# TYPE (\\S+) (\\S+)$").matcher(text());
    Map<String, MetricSnapshot> families =
        metrics.scrape().stream()
            .collect(Collectors.toMap(f -> f.getMetadata().getPrometheusName(), f -> f));
    List<String> served = new ArrayList<>();
    while (type.find()) {
      String name = type.group(1);
      MetricSnapshot family =
          Stream.of(name, name.replaceAll("_total$", ""))
              .map(families::get)
              .filter(f -> f != null)
              .findFirst()
              .orElseThrow();
      TreeSet<String> labels = new TreeSet<>();
      family.getDataPoints().forEach(p -> p.getLabels().forEach(l -> labels.add(l.getName())));
      served.add(name + " " + type.group(2) + " " + labels + " " + family.getMetadata().getHelp());
    }
    Matcher row =
        Pattern.compile("(?m)^\\| `(\\w+)` \\| (\\w+) \\| (.*?)\\s*\\| (.*) \\|$")
            .matcher(Files.readString(Path.of("../docs/metrics.md")));
    List<String> documented = new ArrayList<>();
    while (row.find()) {
      TreeSet<String> labels = new TreeSet<>();
      Pattern.compile("\\w+").matcher(row.group(3)).results().forEach(m -> labels.add(m.group()));
      documented.add(row.group(1) + " " + row.group(2) + " " + labels + " " + row.group(4));
    }
    assertThat(documented).containsExactlyInAnyOrderElementsOf(served);
  }

  @Test
  void theDocumentationNamesAllOperations() throws IOException {
    String page = Files.readString(Path.of("../docs/metrics.md"));
    for (Operation operation : Observer.Operation.values()) {
      assertThat(page).contains("`" + operation.text() + "`");
    }
  }

  private static HttpResponse<String> ask(
      MetricsServer server, String method, String path, String accept)
      throws IOException, InterruptedException {
    try (HttpClient client = HttpClient.newHttpClient()) {
      return client.send(
          HttpRequest.newBuilder(
                  URI.create("http://127.0.0.1:" + server.address().getPort() + path))
              .method(method, BodyPublishers.noBody())
              .header("Accept", accept)
              .build(),
          BodyHandlers.ofString());
    }
  }

  private MetricsServer serve() throws IOException {
    return MetricsServer.start(
        new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), 0), metrics);
  }

  @Test
  void servesTheFormatThatIsAccepted() throws Exception {
    work();
    try (MetricsServer server = serve()) {
      HttpResponse<String> plain = ask(server, "GET", "/metrics", "*/*");
      assertThat(plain.statusCode()).isEqualTo(200);
      assertThat(plain.headers().firstValue("Content-Type").orElseThrow())
          .startsWith("text/plain; version=0.0.4");
      assertThat(plain.body()).contains("# TYPE kapal_cri_rpcs_total counter\n");
      HttpResponse<String> open =
          ask(server, "GET", "/metrics", "application/openmetrics-text;version=1.0.0,*/*;q=0.1");
      assertThat(open.headers().firstValue("Content-Type").orElseThrow())
          .startsWith("application/openmetrics-text; version=1.0.0");
      assertThat(open.body()).contains("# TYPE kapal_cri_rpcs counter\n").endsWith("# EOF\n");
    }
  }

  @Test
  void whatIsNoScrapeIsRefused() throws Exception {
    try (MetricsServer server = serve()) {
      assertThat(ask(server, "GET", "/", "*/*").statusCode()).isEqualTo(404);
      assertThat(ask(server, "GET", "/metrics/../x", "*/*").statusCode()).isEqualTo(404);
      assertThat(ask(server, "POST", "/metrics", "*/*").statusCode()).isEqualTo(405);
      HttpResponse<String> head = ask(server, "HEAD", "/metrics", "*/*");
      assertThat(head.statusCode()).isEqualTo(200);
      assertThat(head.body()).isEmpty();
    }
  }

  @Test
  void theAddressIsFreeAfterwards() throws Exception {
    MetricsServer server = serve();
    int port = server.address().getPort();
    assertThat(ask(server, "GET", "/metrics", "*/*").statusCode()).isEqualTo(200);
    server.close();
    try (ServerSocket again = new ServerSocket()) {
      again.setReuseAddress(true);
      again.bind(new InetSocketAddress("127.0.0.1", port));
    }
  }
}

package dev.kapal.it;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Traces of a real daemon's calls, at a collector of the test's own. */
final class TracingTest {
  @TempDir Path etc;

  @Test
  void callsArriveAtTheCollector() throws Exception {
    BlockingQueue<JsonNode> requests = new LinkedBlockingQueue<>();
    HttpServer collector = collect(requests);
    Path file =
        Files.writeString(
            etc.resolve("kapal.toml"),
            "[tracing]\nendpoint = \"http://127.0.0.1:"
                + collector.getAddress().getPort()
                + "\"\nsampling_rate_per_million = 1000000\n");
    try (Daemon daemon = Daemon.start("--config", file.toString());
        CriClient kubelet = new CriClient(daemon.run().resolve("kapal.sock"), daemon.cgroup())) {
      // A daemon that has just started answers before it tells of itself.
      for (int i = 0; i < 200 && !daemon.log().contains("traces are sent to"); i++) {
        TimeUnit.MILLISECONDS.sleep(50);
      }
      assertThat(kubelet.pods()).isEmpty();
      JsonNode request = requests.poll(20, TimeUnit.SECONDS);
      assertThat(request).as("a request of OTLP").isNotNull();
      JsonNode spans = request.at("/resourceSpans/0");
      assertThat(spans.at("/resource/attributes").toString()).contains("service.name", "kapal");
      JsonNode span = spans.at("/scopeSpans/0/spans/0");
      assertThat(span.get("name").asString()).isEqualTo("runtime.v1.RuntimeService/ListPodSandbox");
      assertThat(span.get("traceId").asString()).matches("[0-9a-f]{32}");
      assertThat(span.get("kind").asInt()).isEqualTo(2);

      // Without the collector calls go on, and none is traced once nobody wants that.
      collector.stop(0);
      long began = System.nanoTime();
      assertThat(kubelet.pods()).isEmpty();
      assertThat(System.nanoTime() - began).isLessThan(TimeUnit.SECONDS.toNanos(5));
      Files.writeString(file, "");
      daemon.ok("system", "reload");
      assertThat(kubelet.pods()).isEmpty();
    } finally {
      collector.stop(0);
    }
  }

  private static HttpServer collect(BlockingQueue<JsonNode> requests) throws IOException {
    HttpServer collector =
        HttpServer.create(new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), 0), 0);
    collector.createContext(
        "/v1/traces",
        exchange -> {
          requests.add(JsonMapper.shared().readTree(exchange.getRequestBody().readAllBytes()));
          exchange.sendResponseHeaders(200, -1);
          exchange.close();
        });
    collector.start();
    return collector;
  }
}

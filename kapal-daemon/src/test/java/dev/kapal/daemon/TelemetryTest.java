package dev.kapal.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kapal.cli.Version;
import dev.kapal.config.ConfigSource;
import dev.kapal.config.KapalConfig;
import dev.kapal.config.text.Problem;
import dev.kapal.cri.observe.CallObserver;
import dev.kapal.daemon.metrics.FakeEngine;
import dev.kapal.engine.Observer;
import dev.kapal.engine.Observer.Operation;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What is told follows the configuration. */
@Timeout(60)
final class TelemetryTest {
  @TempDir Path etc;
  private Observer listening = Observer.NONE;
  private final Telemetry telemetry =
      new Telemetry(FakeEngine.create(), o -> listening = o, Version.UNKNOWN);

  @AfterEach
  void end() {
    telemetry.close();
  }

  private Optional<Problem> use(String text) throws IOException {
    Files.writeString(etc.resolve("config.toml"), text);
    KapalConfig config = new ConfigSource(etc).load().orElseThrow();
    return telemetry.use(config);
  }

  private Optional<Problem> listen(String address) throws IOException {
    return use("[metrics]\naddress = \"" + address + "\"\n");
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0)) {
      return socket.getLocalPort();
    }
  }

  private static String scrape(int port) throws IOException, InterruptedException {
    try (HttpClient client = HttpClient.newHttpClient()) {
      return client
          .send(
              HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/metrics")).build(),
              BodyHandlers.ofString())
          .body();
    }
  }

  private static boolean served(int port) throws IOException, InterruptedException {
    try {
      return scrape(port).contains("kapal_build_info");
    } catch (ConnectException e) {
      return false;
    }
  }

  @Test
  void nothingIsHeardUnlessItIsWanted() throws IOException {
    assertThat(use("")).isEmpty();
    assertThat(telemetry.calls()).isSameAs(CallObserver.NONE);
    assertThat(listening).isSameAs(Observer.NONE);
  }

  @Test
  void anotherAddressKeepsWhatWasCounted() throws Exception {
    int one = freePort();
    assertThat(listen("127.0.0.1:" + one)).isEmpty();
    listening.begin(Operation.POD_RUN).end(Optional.empty());
    assertThat(served(one)).isTrue();
    int two = freePort();
    assertThat(listen(":" + two)).isEmpty();
    assertThat(served(one)).isFalse();
    assertThat(scrape(two))
        .contains("kapal_operation_duration_seconds_count{operation=\"pod_run\"} 1\n");
    // The same port elsewhere, which cannot be had beside the old one.
    assertThat(listen("0.0.0.0:" + two)).isEmpty();
    assertThat(scrape(two)).contains("operation=\"pod_run\"} 1\n");
    assertThat(use("")).isEmpty();
    assertThat(served(two)).isFalse();
    assertThat(listening).isSameAs(Observer.NONE);
    assertThat(telemetry.calls()).isSameAs(CallObserver.NONE);
  }

  @Test
  void anAddressThatCannotBeHadChangesNothing() throws Exception {
    int port = freePort();
    assertThat(listen("127.0.0.1:" + port)).isEmpty();
    Observer before = listening;
    try (ServerSocket taken = new ServerSocket()) {
      taken.bind(new InetSocketAddress("127.0.0.1", 0));
      assertThat(listen("127.0.0.1:" + taken.getLocalPort()))
          .get()
          .asString()
          .contains(
              "config.toml:2:",
              "metrics.address: cannot listen on 127.0.0.1:" + taken.getLocalPort(),
              "in use");
    }
    assertThat(served(port)).isTrue();
    // An address that this host does not have (RFC 5737), at the port that is listened on.
    assertThat(listen("192.0.2.1:" + port)).isPresent();
    assertThat(served(port)).isTrue();
    assertThat(listening).isSameAs(before);
  }

  @Test
  void metricsAndTracesAreHeardTogether() throws Exception {
    int port = freePort();
    String metrics = "[metrics]\naddress = \":" + port + "\"\n";
    // Nobody listens there: what is lost is counted.
    String tracing =
        "[tracing]\nendpoint = \"http://127.0.0.1:"
            + freePort()
            + "\"\nsampling_rate_per_million = 1000000\n";
    assertThat(use(metrics + tracing)).isEmpty();
    CallObserver.Observed call =
        telemetry
            .calls()
            .begin(
                new CallObserver.Call(
                    "runtime.v1.RuntimeService", "Status", Optional.empty(), Optional.empty()));
    call.enter();
    listening.begin(Operation.POD_RUN).end(Optional.empty());
    call.leave();
    call.end("OK", 0);
    assertThat(use(metrics)).isEmpty();
    assertThat(scrape(port))
        .contains("operation=\"pod_run\"} 1\n")
        .contains("kapal_cri_rpcs_total{code=\"OK\"")
        .contains("kapal_trace_spans_total{outcome=\"failed\"} 2.0\n");
  }
}

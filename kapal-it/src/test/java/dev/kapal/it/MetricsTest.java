package dev.kapal.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.net.ConnectException;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Metrics of a real daemon, over HTTP. */
final class MetricsTest {
  @TempDir Path etc;

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0)) {
      return socket.getLocalPort();
    }
  }

  private Path configure(int port) throws IOException {
    return Files.writeString(
        etc.resolve("kapal.toml"), "[metrics]\naddress = \"127.0.0.1:" + port + "\"\n");
  }

  private static List<String> scrape(int port) throws IOException, InterruptedException {
    try (HttpClient client = HttpClient.newHttpClient()) {
      return client
          .send(
              HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/metrics")).build(),
              BodyHandlers.ofString())
          .body()
          .lines()
          .toList();
    }
  }

  /** A daemon that has just started answers before it tells of itself. */
  private static List<String> scrapeSoon(int port) throws IOException, InterruptedException {
    for (int i = 0; i < 200 && !open(port); i++) {
      TimeUnit.MILLISECONDS.sleep(50);
    }
    return scrape(port);
  }

  private static double value(List<String> lines, String series) {
    return lines.stream()
        .filter(line -> line.startsWith(series + " "))
        .mapToDouble(line -> Double.parseDouble(line.substring(series.length() + 1)))
        .findFirst()
        .orElseThrow(() -> new AssertionError("no " + series + " in\n" + String.join("\n", lines)));
  }

  private static double count(List<String> lines, String operation) {
    return value(lines, "kapal_operation_duration_seconds_count{operation=\"" + operation + "\"}");
  }

  @Test
  void aDaemonTellsWhatItDoesAndHas() throws Exception {
    int port = freePort();
    try (Daemon daemon = Daemon.start("--config", configure(port).toString())) {
      List<String> before = scrapeSoon(port);
      assertThat(count(before, "container_create")).isZero();
      assertThat(value(before, "kapal_images")).isEqualTo(1);

      daemon.ok("run", "-d", "--name", "c", "--network", "none", "busybox", "sleep", "1000");
      daemon.ok("exec", "c", "true");
      assertThat(daemon.command("run", "--network", "none", "busybox", "/no/such").status())
          .isEqualTo(127);
      try (CriClient kubelet = new CriClient(daemon.run().resolve("kapal.sock"), daemon.cgroup())) {
        assertThat(kubelet.pods()).isEmpty();
        assertThat(kubelet.pods()).isEmpty();
      }

      List<String> after = scrape(port);
      assertThat(count(after, "container_create")).isEqualTo(2);
      assertThat(count(after, "container_start")).isEqualTo(2);
      assertThat(count(after, "container_exec")).isEqualTo(1);
      assertThat(count(after, "sandbox_create")).isEqualTo(2);
      assertThat(value(after, "kapal_operation_errors_total{operation=\"container_start\"}"))
          .isEqualTo(1);
      assertThat(value(after, "kapal_containers{state=\"running\"}")).isEqualTo(1);
      assertThat(value(after, "kapal_sandboxes{runtime=\"native\"}")).isEqualTo(1);
      assertThat(value(after, "kapal_events_total{event=\"start\",type=\"container\"}"))
          .isEqualTo(1);
      String method = "method=\"ListPodSandbox\",service=\"runtime.v1.RuntimeService\"";
      assertThat(value(after, "kapal_cri_rpcs_total{code=\"OK\"," + method + "}")).isEqualTo(2);
      assertThat(value(after, "kapal_cri_rpc_duration_seconds_count{" + method + "}")).isEqualTo(2);
      assertThat(value(after, "kapal_cri_rpcs_in_flight")).isZero();
      assertThat(value(after, "process_resident_memory_bytes"))
          .isCloseTo(resident(daemon), within(0.2 * resident(daemon)));

      // Another address counts at once, and what was counted stays; then none does.
      int other = freePort();
      configure(other);
      daemon.ok("system", "reload");
      assertThat(count(scrape(other), "container_create")).isEqualTo(2);
      assertThat(open(port)).isFalse();
      Files.writeString(etc.resolve("kapal.toml"), "");
      daemon.ok("system", "reload");
      assertThat(open(other)).isFalse();

      // The next daemon finds the container, and says so.
      configure(port);
      daemon.kill9();
      daemon.launch();
      List<String> recovered = scrapeSoon(port);
      assertThat(value(recovered, "kapal_recovery_found{outcome=\"reattached\"}")).isEqualTo(1);
      assertThat(value(recovered, "kapal_recovery_duration_seconds")).isBetween(0.0, 30.0);
      assertThat(value(recovered, "process_start_time_seconds"))
          .isGreaterThan(value(before, "process_start_time_seconds"));
      daemon.ok("rm", "-f", "c");
    }
  }

  private static double resident(Daemon daemon) throws IOException {
    String status = Files.readString(Path.of("/proc/" + daemon.pid() + "/status"));
    return status
            .lines()
            .filter(line -> line.startsWith("VmRSS:"))
            .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")))
            .sum()
        * 1024.0;
  }

  private static boolean open(int port) throws InterruptedException, IOException {
    try {
      scrape(port);
      return true;
    } catch (ConnectException e) {
      return false;
    }
  }
}

package dev.kapal.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/** Pods as crictl runs them; what the conformance tests do not look at. */
final class CriTest {
  private static final AtomicInteger COUNT = new AtomicInteger();
  private static CriNode node;

  @BeforeAll
  static void start() {
    node = CriNode.start("");
    node.ok("pull", node.images().busybox());
  }

  @AfterAll
  static void stop() {
    if (node != null) {
      node.close();
    }
  }

  @AfterEach
  void removeAll() {
    node.removePods();
    assertThat(node.addressesInUse()).as("addresses that are still taken").isZero();
  }

  private static String podConfig(String name) {
    Path logs = node.folder().resolve("logs").resolve(name);
    return node.file(
        name + "-pod.json",
        Map.of(
            "metadata",
            Map.of("name", name, "uid", "uid-" + name, "namespace", "it", "attempt", 0),
            "log_directory",
            logs.toString(),
            "linux",
            Map.of("cgroup_parent", node.daemon().cgroup() + "-pods/" + name)));
  }

  private static String containerConfig(String name, Map<String, Object> more, String... command) {
    Map<String, Object> config = new LinkedHashMap<>(more);
    config.put("metadata", Map.of("name", name, "attempt", 0));
    config.put("image", Map.of("image", node.images().busybox()));
    config.put("command", List.of(command));
    config.put("log_path", name + ".log");
    return node.file(name + "-container.json", config);
  }

  private static String name() {
    return "p" + COUNT.incrementAndGet();
  }

  private record Running(String name, String pod, String container) {
    Path log() {
      return node.folder().resolve("logs").resolve(name).resolve(name + ".log");
    }

    JsonNode status() {
      return node.json("inspect", container).path("status");
    }
  }

  private static Running run(Map<String, Object> more, String... command) {
    String name = name();
    String pod = node.ok("runp", podConfig(name));
    String container =
        node.ok("create", pod, containerConfig(name, more, command), podConfig(name));
    node.ok("start", container);
    return new Running(name, pod, container);
  }

  @Test
  void commandsAnswerAndAreEndedWhenTheirTimeIsOver() {
    Running r = run(Map.of(), "sleep", "1000");
    assertThat(node.ok("exec", "-s", r.container, "echo", "word")).isEqualTo("word");
    assertThat(node.crictl("exec", "-s", r.container, "sh", "-c", "echo oh >&2; exit 3").status())
        .isNotZero();
    long began = System.nanoTime();
    Result late = node.crictl("exec", "-s", "--timeout", "1", r.container, "sleep", "555");
    assertThat(late.status()).isNotZero();
    assertThat(late.err()).contains("DeadlineExceeded");
    assertThat(System.nanoTime() - began).isLessThan(TimeUnit.SECONDS.toNanos(10));
    assertThat(node.ok("exec", "-s", r.container, "ps")).doesNotContain("sleep 555");
  }

  @Test
  void commandsStream() {
    Running r = run(Map.of(), "sleep", "1000");
    assertThat(node.crictlWithInput("one\ntwo\n", "exec", "-i", r.container, "sort", "-r").text())
        .isEqualTo("two\none");
    assertThat(node.crictl("exec", r.container, "sh", "-c", "exit 7").err()).contains("7");
    for (String transport : List.of("spdy", "websocket")) {
      Result bytes =
          node.crictl(
              "exec", "--transport", transport, r.container, "sh", "-c", "seq 1 50000; exit 0");
      assertThat(bytes.mustSucceed().text().lines().count()).isEqualTo(50_000);
      assertThat(bytes.text()).endsWith("50000");
    }
  }

  @Test
  void aTerminalHasTheSizeOfTheClients() {
    Running r = run(Map.of("tty", true, "stdin", true), "sh");
    assertThat(r.status().path("state").asString()).isEqualTo("CONTAINER_RUNNING");
    String line = String.join(" ", node.crictlLine("exec", "-it", r.container, "sh", "-c"));
    Result sized =
        Commands.sh(
            "script -qec \"stty rows 33 cols 99; "
                + line
                + " 'sleep 0.3; stty size'\" /dev/null </dev/null");
    assertThat(sized.out()).contains("33 99");
  }

  @Test
  void linesAreLoggedWholeAndNothingIsLostWhenTheLogIsMoved() throws IOException {
    Running r =
        run(
            Map.of(),
            "sh",
            "-c",
            "head -c 40000 /dev/zero | tr '\\0' x; echo; i=0; while [ $i -lt 20000 ]; do echo line $i; i=$((i+1)); done; echo end; sleep 1000");
    List<Path> parts = new ArrayList<>();
    for (int i = 0; i < 5; i++) {
      Path moved = r.log().resolveSibling(r.name + ".log." + i);
      if (Files.exists(r.log())) {
        Files.move(r.log(), moved);
        parts.add(moved);
      }
      reopen(r);
    }
    parts.add(r.log());
    // All may be printed before the last move, then the end is in one of the parts.
    Eventually.holds(
        "the end is logged", () -> parts.stream().anyMatch(part -> text(part).contains(" end\n")));
    StringBuilder all = new StringBuilder();
    parts.forEach(part -> all.append(text(part)));
    List<String> lines = all.toString().lines().toList();
    assertThat(lines).allMatch(l -> l.matches("\\S+ (stdout|stderr) [PF] .*"));
    String joined =
        lines.stream()
            .map(l -> l.split(" ", 4))
            .map(f -> f[3] + (f[2].equals("F") ? "\n" : ""))
            .reduce("", String::concat);
    List<String> printed = joined.lines().toList();
    assertThat(printed.getFirst()).hasSize(40_000).matches("x+");
    assertThat(printed).hasSize(20_002);
    for (int i = 0; i < 20_000; i++) {
      assertThat(printed.get(i + 1)).isEqualTo("line " + i);
    }
  }

  private static void reopen(Running r) {
    node.ok("logs", "--reopen", r.container);
  }

  private static String text(Path file) {
    try {
      return Files.exists(file) ? Files.readString(file) : "";
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void aPortOfThePodsLoopbackIsForwarded() throws Exception {
    Running r =
        run(
            Map.of(),
            "sh",
            "-c",
            "mkdir /www; echo served >/www/index.html; exec httpd -f -p 127.0.0.1:8080 -h /www");
    ProcessBuilder builder =
        new ProcessBuilder(node.crictlLine("port-forward", r.pod, "18080:8080"));
    builder.redirectErrorStream(true).redirectOutput(node.folder().resolve("forward.log").toFile());
    Process forward = builder.start();
    try {
      Eventually.holds(
          "the port is forwarded",
          () -> node.sh("busybox wget -q -O - http://127.0.0.1:18080/").text().equals("served"));
    } finally {
      forward.destroy();
      forward.waitFor(10, TimeUnit.SECONDS);
    }
  }

  @Test
  void whoUsesTooMuchMemoryIsSaidSo() {
    Running r =
        run(
            Map.of("linux", Map.of("resources", Map.of("memory_limit_in_bytes", 16 << 20))),
            "sh",
            "-c",
            "dd if=/dev/zero of=/dev/null bs=128M count=1; sleep 1");
    Eventually.holds(
        "it ended", () -> r.status().path("state").asString().equals("CONTAINER_EXITED"));
    assertThat(r.status().path("reason").asString()).isEqualTo("OOMKilled");
  }

  @Test
  void podsOutliveTheDaemon() {
    Running r = run(Map.of(), "sleep", "1000");
    String address =
        node.json("inspectp", r.pod).path("status").path("network").path("ip").asString();
    node.daemon().kill9();
    node.daemon().launch();
    assertThat(r.status().path("state").asString()).isEqualTo("CONTAINER_RUNNING");
    JsonNode pod = node.json("inspectp", r.pod).path("status");
    assertThat(pod.path("state").asString()).isEqualTo("SANDBOX_READY");
    assertThat(pod.path("network").path("ip").asString()).isEqualTo(address);
    assertThat(node.ok("exec", r.container, "echo", "still")).isEqualTo("still");
    String second =
        node.ok("create", r.pod, containerConfig(name(), Map.of(), "true"), podConfig(r.name));
    node.ok("start", second);
  }

  @Test
  void aHandlerThatIsNotThereIsSaidWithThoseThatAre() {
    Result unknown = node.crictl("runp", "--runtime", "nothing", podConfig(name()));
    assertThat(unknown.status()).isNotZero();
    assertThat(unknown.err()).contains("nothing").contains("native");
  }

  @Test
  void aNetworkThatIsConfiguredLateMakesTheNodeReady() throws IOException {
    node.forgetNetwork();
    try {
      Eventually.holds("the network is not ready", () -> !networkReady());
      assertThat(node.crictl("runp", podConfig(name())).status()).isNotZero();
    } finally {
      node.configureNetwork();
    }
    Eventually.holds("the network is ready", CriTest::networkReady);
    run(Map.of(), "sleep", "1000");
  }

  private static boolean networkReady() {
    for (JsonNode condition : node.json("info").path("status").path("conditions")) {
      if (condition.path("type").asString().equals("NetworkReady")) {
        return condition.path("status").asBoolean();
      }
    }
    throw new AssertionError("no condition NetworkReady");
  }

  @Test
  void useIsMeasured() {
    Running r = run(Map.of(), "sh", "-c", "echo written >/file; while :; do :; done");
    Eventually.holds(
        "processor time is used",
        () -> {
          JsonNode stats = node.json("stats", "-o", "json", r.container).path("stats").path(0);
          return stats.path("cpu").path("usageNanoCores").path("value").asLong(0) > 10_000_000
              && stats.path("memory").path("workingSetBytes").path("value").asLong(0) > 0;
        });
    JsonNode pod = node.json("statsp", "-o", "json", r.pod).path("stats").path(0).path("linux");
    assertThat(pod.path("process").path("processCount").path("value").asLong()).isPositive();
    assertThat(pod.path("network").path("defaultInterface").path("name").asString())
        .isEqualTo("eth0");
    String metrics = node.ok("metricsp");
    assertThat(metrics)
        .contains("container_memory_working_set_bytes")
        .contains("container_network_receive_bytes_total");
  }

  @Test
  void whatHappensIsToldAlsoWhatNobodySaw() throws Exception {
    try (Listening first = new Listening("events1")) {
      Running r = run(Map.of(), "sleep", "1000");
      int pid = node.json("inspect", r.container).path("info").path("pid").asInt();
      first.await(r.container, "CONTAINER_STARTED_EVENT");
      TimeUnit.SECONDS.sleep(2);
      node.daemon().kill9();
      first.end();
      // It ends while there is no daemon.
      Commands.sh("kill -KILL " + pid).mustSucceed();
      node.daemon().launch();
      try (Listening second = new Listening("events2")) {
        second.await(r.container, "CONTAINER_STOPPED_EVENT");
        assertThat(second.text()).doesNotContain("CONTAINER_STARTED_EVENT");
        node.ok("rm", r.container);
        second.await(r.container, "CONTAINER_DELETED_EVENT");
        node.ok("stopp", r.pod);
        node.ok("rmp", r.pod);
        second.await(r.pod, "CONTAINER_DELETED_EVENT");
      }
    }
  }

  /** crictl that listens to events. */
  private static final class Listening implements AutoCloseable {
    private final Path log;
    private final Process process;

    Listening(String name) throws IOException {
      log = node.folder().resolve(name);
      process =
          new ProcessBuilder(node.crictlLine("events"))
              .redirectErrorStream(true)
              .redirectOutput(log.toFile())
              .start();
    }

    String text() {
      return CriTest.text(log);
    }

    void await(String id, String type) {
      Eventually.holds(
          type + " of " + id,
          () -> {
            int at = text().indexOf(type);
            return at >= 0 && text().contains(id);
          });
    }

    void end() throws InterruptedException {
      process.destroy();
      process.waitFor(10, TimeUnit.SECONDS);
    }

    @Override
    public void close() throws InterruptedException {
      end();
    }
  }

  /** As many as -Dkapal.it.pods says. */
  @Test
  void nothingIsLeftOfPodsWhileTheDaemonIsKilled() throws Exception {
    int pods = Integer.getInteger("kapal.it.pods", 200);
    Daemon daemon = node.daemon();
    try (CriClient cri =
        new CriClient(daemon.run().resolve("kapal.sock"), daemon.cgroup() + "-pods")) {
      PodChurn churn = new PodChurn(cri, node.folder());
      // What the first pod of all leaves is not the others': chains of rules, for one.
      node.ok("rmp", "-f", run(Map.of(), "true").pod);
      Set<String> empty = Footprint.settled(daemon);
      churn.keep(4);
      Set<String> kept = Footprint.settled(daemon);
      churn.run(
          pods,
          () -> {
            daemon.kill9();
            daemon.launch();
            cri.reconnect();
          });
      forgetParents("churn");
      assertThat(Footprint.difference(daemon, kept)).as("left over").isEmpty();
      assertThat(node.addressesInUse()).isEqualTo(4);
      churn.onlyThoseKeptAreThere();
      churn.release();
      forgetParents("keeper");
      assertThat(Footprint.difference(daemon, empty)).as("left over in the end").isEmpty();
      assertThat(daemon.command("system", "check").status()).isZero();
    }
  }

  /** The control groups of pods are the kubelet's, which removes them; nothing may be in them. */
  private static void forgetParents(String name) {
    Commands.sh(
            "find /sys/fs/cgroup -type d -path '*%s-pods/pod-%s*' -prune -exec rmdir {} +"
                .formatted(node.daemon().cgroup(), name))
        .mustSucceed();
  }
}

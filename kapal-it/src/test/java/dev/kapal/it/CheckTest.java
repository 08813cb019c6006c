package dev.kapal.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The check and the comparison, on this host, with runtimes that work and some that do not. */
final class CheckTest {
  private static final JsonMapper JSON = JsonMapper.builder().build();

  @TempDir Path folder;

  private Path program(String name, byte[] content) throws IOException {
    Path file = folder.resolve(name);
    Files.write(file, content);
    assertThat(file.toFile().setExecutable(true)).isTrue();
    return file;
  }

  private Path script(String name, String body) throws IOException {
    return program(name, ("#!/bin/sh\n" + body + "\n").getBytes(StandardCharsets.UTF_8));
  }

  private Path config(Map<String, Path> runtimes) throws IOException {
    StringBuilder text = new StringBuilder();
    runtimes.forEach((name, path) ->
        text.append("[runtimes.")
            .append(name)
            .append("]\npath = \"")
            .append(path)
            .append("\"\n")
            .append("create_timeout = \"3s\"\n"));
    Path file = folder.resolve("kapal.toml");
    Files.writeString(file, text);
    return file;
  }

  private static JsonNode finding(JsonNode report, String id) {
    for (JsonNode finding : report.path("findings")) {
      if (finding.path("id").asString("").equals(id)) {
        return finding;
      }
    }
    throw new AssertionError("no " + id + " in " + report);
  }

  private static void is(JsonNode report, String id, String status) {
    JsonNode finding = finding(report, id);
    assertThat(finding.path("status").asString("")).as(finding.toString()).isEqualTo(status);
    assertThat(finding.path("sentence").asString("")).isNotEmpty();
    assertThat(finding.path("remedy").asString("").isEmpty()).isEqualTo(status.equals("ok"));
  }

  private static void nothingIsLeft(Daemon daemon) throws IOException {
    for (Path parent : List.of(daemon.run(), daemon.data())) {
      try (Stream<Path> all = Files.list(parent)) {
        assertThat(all.map(p -> p.getFileName().toString()))
            .noneMatch(name -> name.startsWith("check-") || name.startsWith("compare-"));
      }
    }
    assertThat(Files.readString(Path.of("/proc/mounts")))
        .doesNotContain(daemon.folder().toString());
    assertThat(daemon.ok("ps", "-aq")).isEmpty();
  }

  @Test
  void looksAtTheHostByDoing() throws Exception {
    try (Daemon daemon = Daemon.start()) {
      Result all = daemon.command("check", "--json");
      JsonNode report = JSON.readTree(all.out());
      assertThat(all.status()).isEqualTo(report.path("failures").asInt() > 0 ? 1 : 0);
      for (String id :
          List.of(
              "kernel.version",
              "kernel.seccomp",
              "container.run",
              "container.namespaces",
              "container.overlay",
              "container.seccomp",
              "container.limits",
              "storage.file-system",
              "config.kapal")) {
        is(report, id, "ok");
      }
      finding(report, "vm.kvm");
      finding(report, "cgroup.layout");
      nothingIsLeft(daemon);

      Result text = daemon.command("check", "native");
      assertThat(text.status()).isZero();
      assertThat(text.out())
          .startsWith("Runtime native\n  ok       built in\n")
          .contains("a container was started, ran and stopped in ")
          .endsWith("2 ok, 0 warnings, 0 failures\n");
      assertThat(daemon.command("check", "--quiet", "native").out())
          .isEqualTo("2 ok, 0 warnings, 0 failures\n");
    }
  }

  @Test
  void saysWhyARuntimeCannotBeUsed() throws Exception {
    byte[] env = Files.readAllBytes(Path.of("/usr/bin/env"));
    byte[] future =
        new String(env, StandardCharsets.ISO_8859_1)
            .replace("GLIBC_2.", "GLIBC_9.")
            .getBytes(StandardCharsets.ISO_8859_1);
    String mark = "3" + System.nanoTime() % 1_000_000_000L;
    Path file =
        config(
            Map.of(
                "future", program("future", future),
                "garbage", program("garbage", new byte[] {1, 2, 3, 4}),
                "hanging", script("hanging", "sleep " + mark + " & sleep " + mark),
                "absent", folder.resolve("absent"),
                "lazy", script("lazy", "[ $1 = --version ] && echo lazy version 1.0; exit 0"),
                "stuck",
                    script(
                        "stuck",
                        "case $1 in --version) echo stuck version 1.0;; features) exit 1;; *) sleep "
                            + mark
                            + ";; esac")));
    try (Daemon daemon = Daemon.start("--config", file.toString())) {
      fails(daemon, "future", "runtime.executable", "needs GLIBC_9.", "install a static build");
      fails(daemon, "garbage", "runtime.executable", "is no ELF program");
      fails(daemon, "hanging", "runtime.version", "did not answer within 5 s and was killed");
      fails(daemon, "absent", "runtime.program", "is missing or not executable");
      fails(daemon, "lazy", "runtime.container", "wrote no pid file");
      fails(daemon, "stuck", "runtime.container", "did not answer within");
      fails(daemon, "lazyy", "runtime.program", "did you mean \"lazy\"?");
      assertThat(Commands.sh("pgrep -f '[s]leep " + mark + "' || true").text())
          .as("processes of the runtimes that hang")
          .isEmpty();
      nothingIsLeft(daemon);
    }
  }

  private static void fails(Daemon daemon, String runtime, String id, String... parts) {
    Result result = daemon.command("check", "--json", runtime);
    assertThat(result.status()).as(result.toString()).isEqualTo(1);
    JsonNode report = JSON.readTree(result.out());
    is(report, id, "failure");
    JsonNode finding = finding(report, id);
    assertThat(report.path("findings").get(report.path("findings").size() - 1))
        .as("what needs it is not tried")
        .isEqualTo(finding);
    assertThat(finding.path("sentence").asString("") + finding.path("remedy").asString(""))
        .contains(parts);
  }

  @Test
  void worksWithoutADaemon() throws Exception {
    Path file = folder.resolve("faulty.toml");
    Files.writeString(file, "[daemon]\nlog_level = \"loud\"\n");
    Result result =
        Commands.run(
            List.of(
                Installation.home().resolve("bin/kapald").toString(),
                "--config",
                file.toString(),
                "--run-dir",
                folder.resolve("run").toString(),
                "--data-dir",
                folder.resolve("data").toString(),
                "--cgroup-parent",
                "/kapal-it-check",
                "--check",
                "--json"),
            Map.of(),
            "",
            Duration.ofSeconds(60));
    assertThat(result.status()).isEqualTo(1);
    JsonNode report = JSON.readTree(result.out());
    is(report, "config.kapal", "failure");
    assertThat(finding(report, "config.kapal").path("sentence").asString(""))
        .contains(file + ":2:1: daemon.log_level");
    is(report, "kernel.version", "ok");
    is(report, "container.run", "ok");
    try (Stream<Path> left =
        Stream.concat(Files.list(folder.resolve("run")), Files.list(folder.resolve("data")))) {
      assertThat(left).isEmpty();
    } finally {
      Commands.sh(
          "find /sys/fs/cgroup -depth -type d -path '*/kapal-it-check*' -exec rmdir {} \\;");
    }
  }

  @Test
  void comparesRuntimes() throws Exception {
    boolean runc = Commands.sh("command -v runc").status() == 0;
    assumeTrue(runc, "needs runc");
    Path file = config(Map.of("absent", folder.resolve("absent")));
    Path page = folder.resolve("compare.html");
    // A bridge of its own, not one on the host.
    String namespace = "kapal-it-compare-" + ProcessHandle.current().pid();
    Commands.sh("ip netns add " + namespace + " && ip -n " + namespace + " link set lo up")
        .mustSucceed();
    try (Daemon daemon = Daemon.startIn(namespace, "--config", file.toString())) {
      Result result =
          daemon.command(
              "runtime",
              "compare",
              "--runtime",
              "native",
              "--runtime",
              "runc",
              "--runtime",
              "absent",
              "--count",
              "2",
              "--json",
              "--html",
              page.toString());
      assertThat(result.status()).as(result.toString()).isZero();
      JsonNode json = JSON.readTree(result.out());
      assertThat(json.path("runtimes").size()).isEqualTo(2);
      for (JsonNode runtime : json.path("runtimes")) {
        assertThat(runtime.path("problems").size()).as(runtime.toString()).isZero();
        assertThat(runtime.path("kernel").asString("")).isEqualTo(kernel());
        assertThat(runtime.path("start_seconds").asDouble()).isBetween(1e-4, 20.0);
        assertThat(runtime.path("exec_seconds").asDouble()).isBetween(1e-4, 20.0);
        assertThat(runtime.path("memory_bytes").asDouble()).isBetween(10e3, 100e6);
        assertThat(runtime.path("syscall_seconds").asDouble()).isBetween(1e-9, 1e-4);
        assertThat(runtime.path("disk_write_bytes_per_second").asDouble()).isGreaterThan(1e5);
        assertThat(runtime.path("disk_read_bytes_per_second").asDouble()).isGreaterThan(1e5);
        assertThat(runtime.path("loopback_bytes_per_second").asDouble()).isGreaterThan(1e5);
        assertThat(runtime.path("network_bytes_per_second").asDouble()).isGreaterThan(1e5);
      }
      JsonNode absent = json.path("unusable").get(0);
      assertThat(absent.path("name").asString("")).isEqualTo("absent");
      assertThat(absent.path("reason").asString("")).contains("is missing or not executable");
      String html = Files.readString(page);
      assertThat(html).startsWith("<!doctype html>").endsWith("</html>\n");
      assertThat(html.split("<svg ", -1)).hasSize(1 + 2 * 8);
      assertThat(html).doesNotContain("http:", "https:", "<script");
      nothingIsLeft(daemon);
    } finally {
      Commands.sh("ip netns del " + namespace);
    }
  }

  private static String kernel() throws IOException {
    return Files.readString(Path.of("/proc/sys/kernel/osrelease")).strip();
  }
}

package dev.kapal.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A daemon with a configuration of its own. */
final class ConfigTest {
  @TempDir Path etc;

  private Path write(String name, String text) throws IOException {
    Path file = etc.resolve(name);
    Files.createDirectories(file.resolveSibling("."));
    Files.writeString(file, text);
    return file;
  }

  private Daemon daemon(Path file) {
    return Daemon.start("--config", file.toString());
  }

  @Test
  void showsAppliesAndReloads() throws IOException {
    Path file =
        write(
            "kapal.toml",
            "[containers]\nstop_timeout = \"3s\"\nlog_max_size = \"64k\"\nulimits.nofile = \"77:88\"\n"
                + "capabilities = [\"CAP_CHOWN\", \"CAP_KILL\"]\n"
                + "[network]\nmtu = 1400\n");
    Path dropIn = write("config.d/10.toml", "[containers]\nlog_max_files = 2\n");
    try (Daemon daemon = daemon(file)) {
      assertThat(daemon.ok("config", "show"))
          .contains("containers.stop_timeout = \"3s\"  # " + file + ":2\n")
          .contains("containers.log_max_files = 2  # " + dropIn + ":2\n")
          .contains("daemon.run_dir = \"" + daemon.run() + "\"  # --run-dir\n")
          .contains("daemon.log_level = \"info\"  # default\n");
      assertThat(daemon.log()).doesNotContain("has no effect");
      daemon.ok("network", "create", "n");
      assertThat(Files.readString(daemon.data().resolve("networks/n.conflist")))
          .contains("\"mtu\" : 1400");

      // Containers get the defaults that count when they are made.
      assertThat(daemon.ok("run", "--rm", "--network", "none", "busybox", "sh", "-c", "ulimit -n"))
          .isEqualTo("77");
      assertThat(effective(daemon)).as("CAP_CHOWN and CAP_KILL").isEqualTo("0000000000000021");
      assertThat(effective(daemon, "--cap-drop", "KILL", "--cap-add", "NET_ADMIN"))
          .as("CAP_CHOWN and CAP_NET_ADMIN")
          .isEqualTo("0000000000001001");
      assertThat(
              daemon.ok(
                  "run", "--rm", "--network", "none", "--tier", "native", "busybox", "echo", "1"))
          .isEqualTo("1");
      Result machine =
          daemon.command("run", "--rm", "--network", "none", "--tier", "vm", "busybox", "true");
      assertThat(machine.status()).isEqualTo(125);
      assertThat(machine.err()).contains("no runtime is set for the tier vm");
      daemon.ok("create", "--network", "none", "--name", "a", "busybox", "true");
      assertThat(stopTimeout(daemon, "a")).isEqualTo("3");
      daemon.ok("run", "--network", "none", "busybox", "seq", "1", "20000");
      assertThat(
              Commands.sh("find " + daemon.data() + " -name '*-json.log*' -size +0").text().lines())
          .as("20,000 lines in files of 64 KiB, of which two are kept")
          .hasSize(2)
          .allSatisfy(log -> assertThat(Path.of(log).toFile().length()).isLessThanOrEqualTo(65536));

      // A bad file changes nothing, though another one is good.
      Files.writeString(dropIn, "[containers]\nstop_timeout = \"5s\"\n");
      Files.writeString(file, "[containers]\nstop_timout = \"4s\"\n");
      Result bad = daemon.command("system", "reload");
      assertThat(bad.status()).isEqualTo(1);
      assertThat(bad.out()).isEmpty();
      assertThat(bad.err())
          .contains("nothing was changed")
          .contains(file + ":2:1: containers.stop_timout: ")
          .contains("did you mean \"stop_timeout\"?");
      assertThat(daemon.command("config", "show").err()).contains(file + ":2:1:");
      daemon.ok("create", "--network", "none", "--name", "b", "busybox", "true");
      assertThat(stopTimeout(daemon, "b")).isEqualTo("3");

      // A runtime that is not here is refused, too.
      Files.writeString(file, "[containers]\ndefault_runtime = \"io.containerd.none.v9\"\n");
      assertThat(daemon.command("system", "reload").err())
          .contains(file + ":2:1: containers.default_runtime: ")
          .contains("not offered here");

      // A good one counts at once, but for what needs a restart.
      Files.writeString(file, "[daemon]\ngroup = \"kapal-it-none\"\nlog_level = \"debug\"\n");
      assertThat(daemon.ok("system", "reload"))
          .contains("containers.stop_timeout: \"3s\" -> \"5s\"\n")
          .contains("daemon.group: \"kapal\" -> \"kapal-it-none\" (needs a restart of the daemon)")
          .contains("daemon.log_level: \"info\" -> \"debug\"");
      daemon.ok("create", "--network", "none", "--name", "c", "busybox", "true");
      assertThat(stopTimeout(daemon, "c")).isEqualTo("5");
      assertThat(stopTimeout(daemon, "a")).isEqualTo("3");
      assertThat(daemon.command("config", "show").err()).contains("daemon.group");
      assertThat(daemon.ok("system", "reload")).isEqualTo("Nothing has changed.");
    }
  }

  private static String effective(Daemon daemon, String... options) {
    List<String> words = new ArrayList<>(List.of("run", "--rm", "--network", "none"));
    words.addAll(List.of(options));
    words.addAll(List.of("busybox", "sh", "-c", "sed -n 's/^CapEff:.//p' /proc/self/status"));
    return daemon.ok(words.toArray(String[]::new));
  }

  @Test
  void containersCanBePlainCopies() throws IOException {
    Path file = write("kapal.toml", "[containers]\nsnapshotter = \"copy\"\n");
    try (Daemon daemon = daemon(file)) {
      assertThat(
              daemon.ok(
                  "run",
                  "--name",
                  "a",
                  "--network",
                  "none",
                  "busybox",
                  "sh",
                  "-c",
                  "grep ' / ' /proc/mounts | cut -d' ' -f1,3; echo new > /etc/new; rm -f /etc/passwd"))
          .as("no overlay is mounted")
          .doesNotContain("overlay");
      Path copies = daemon.data().resolve("images/containers-copy");
      assertThat(copies).isNotEmptyDirectory();
      assertThat(daemon.data().resolve("images/containers")).isEmptyDirectory();
      assertThat(daemon.ok("diff", "a").lines())
          .containsExactly("C /etc", "A /etc/new", "D /etc/passwd");
      daemon.ok("commit", "a", "localhost/changed");
      assertThat(
              daemon.ok(
                  "run",
                  "--rm",
                  "--network",
                  "none",
                  "localhost/changed",
                  "sh",
                  "-c",
                  "cat /etc/new; ls /etc/passwd || echo gone"))
          .contains("new", "gone");
      Path out = etc.resolve("new");
      daemon.ok("cp", "a:/etc/new", out.toString());
      assertThat(out).hasContent("new");
      daemon.ok("cp", out.toString(), "a:/etc/newer");
      daemon.ok("start", "-a", "a");
      assertThat(daemon.ok("diff", "a")).contains("A /etc/newer");
      assertThat(daemon.command("run", "--rm", "--userns", "private", "busybox", "true").err())
          .contains("the snapshotter copy maps no ids");
      // A container keeps what it was made with.
      Files.writeString(file, "");
      daemon.ok("system", "reload");
      assertThat(
              daemon.ok(
                  "run", "--rm", "--network", "none", "busybox", "grep", " / ", "/proc/mounts"))
          .contains("overlay");
      daemon.ok("start", "-a", "a");
      assertThat(daemon.ok("system", "check")).isNotNull();
      daemon.ok("rm", "a");
      assertThat(copies).isEmptyDirectory();
    }
  }

  @Test
  void runtimesOfDifferentSnapshottersShareNothing() throws IOException {
    assumeTrue(Commands.sh("command -v runc").status() == 0, "needs runc");
    Path file =
        write(
            "kapal.toml",
            "[runtimes.plain]\npath = \"runc\"\nsnapshotter = \"copy\"\n"
                + "[runtimes.layered]\npath = \"runc\"\nsnapshotter = \"overlay\"\n");
    try (Daemon daemon = daemon(file)) {
      String script =
          "grep -c '^overlay / ' /proc/mounts; ls /etc/mark; echo $0 > /etc/mark; echo $0 >> /etc/passwd";
      String plain = containerOf(daemon, "plain", script);
      String layered = containerOf(daemon, "layered", script);
      assertThat(daemon.command("logs", plain).out().lines()).containsExactly("0");
      assertThat(daemon.command("logs", layered).out().lines()).containsExactly("1");
      Path images = daemon.data().resolve("images");
      assertThat(images.resolve("containers-copy").toFile().list()).containsExactly(plain);
      assertThat(images.resolve("containers").toFile().list()).containsExactly(layered);
      assertThat(daemon.ok("diff", plain)).isEqualTo(daemon.ok("diff", layered));
      assertThat(daemon.ok("run", "--rm", "--network", "none", "busybox", "cat", "/etc/passwd"))
          .doesNotContain("plain", "layered");
      Path copied = images.resolve("containers-copy").resolve(plain).resolve("fs/bin/busybox");
      assertThat(
              Commands.sh("find " + images.resolve("layers") + " -samefile " + copied)
                  .mustSucceed()
                  .out())
          .as("no file of a copy is one of a layer")
          .isEmpty();
      daemon.ok("start", "-a", plain);
      daemon.ok("rm", plain);
      daemon.ok("start", "-a", layered);
      assertThat(daemon.command("logs", layered).out()).contains("/etc/mark");
    }
  }

  private static String containerOf(Daemon daemon, String runtime, String script) {
    daemon.ok(
        "run",
        "--network",
        "none",
        "--runtime",
        runtime,
        "--name",
        runtime,
        "busybox",
        "sh",
        "-c",
        script,
        runtime);
    return daemon.ok("inspect", "-f", "{{.Id}}", runtime);
  }

  @Test
  void hearsSighup() throws Exception {
    Path file = write("kapal.toml", "");
    try (Daemon daemon = daemon(file)) {
      Files.writeString(file, "[containers]\nstop_timeout = \"7s\"\n");
      hangUp(daemon, "containers.stop_timeout: \"10s\" -> \"7s\"");
      Files.writeString(file, "[containers]\nstop_timeout = 7 s\n");
      // What is wrong is told behind that something is.
      hangUp(daemon, file + ":2:");
      assertThat(daemon.log()).contains("nothing was changed");
      assertThat(daemon.ok("config", "show")).contains("containers.stop_timeout = \"7s\"");
    }
  }

  private static void hangUp(Daemon daemon, String told) throws InterruptedException {
    Commands.sh("kill -HUP " + daemon.pid()).mustSucceed();
    long deadline = System.nanoTime() + Duration.ofSeconds(20).toNanos();
    while (!daemon.log().contains(told)) {
      assertThat(System.nanoTime()).as(daemon.log()).isLessThan(deadline);
      TimeUnit.MILLISECONDS.sleep(20);
    }
  }

  @Test
  void doesNotStartWithABadFile() throws IOException {
    Path file = write("kapal.toml", "[daemon]\nlog_level = \"loud\"\n[network]\nmtu = 1\n");
    Result r =
        Commands.run(
            List.of(
                Installation.home().resolve("bin/kapald").toString(),
                "--config",
                file.toString(),
                "--run-dir",
                etc.resolve("run").toString(),
                "--data-dir",
                etc.resolve("data").toString()),
            Map.of(),
            "",
            Duration.ofSeconds(30));
    assertThat(r.status()).isEqualTo(1);
    assertThat(r.err())
        .contains("kapald: not started, the configuration has faults:\n")
        .contains("  " + file + ":2:1: daemon.log_level: must be one of trace, debug")
        .contains("  " + file + ":4:1: network.mtu: must be 68 to 65535");
    assertThat(etc.resolve("run")).doesNotExist();
    assertThat(etc.resolve("data")).doesNotExist();
  }

  @Test
  void importsAndInstalls() throws IOException {
    Path file = write("kapal.toml", "");
    Path foreign =
        write(
            "docker/daemon.json",
            """
            {
              "log-opts": {"max-size": "10m", "max-file": "3"},
              "registry-mirrors": ["https://mirror.example"],
              "storage-driver": "overlay2",
              "runtimes": {"mine": {"path": "/bin/true", "runtimeArgs": ["--debug"]}},
              "log-drver": "json-file"
            }
            """);
    try (Daemon daemon = daemon(file)) {
      Path written = etc.resolve("config.d/50-from-docker.toml");
      String dry =
          daemon.ok("config", "import", "--from", "docker", "--dry-run", foreign.toString());
      assertThat(dry)
          .contains(foreign + ":2")
          .contains("storage-driver: not applicable")
          .contains("log-drver: unknown")
          .contains("log_max_size = ")
          .contains("https://mirror.example");
      assertThat(written).doesNotExist();
      daemon.ok("config", "import", "--from", "docker", foreign.toString());
      assertThat(daemon.ok("system", "reload"))
          .contains("containers.log_max_files: 1 -> 3")
          .contains("registries.mirrors.\"docker.io\": not set -> ");
      assertThat(daemon.ok("config", "show")).contains("# " + written + ":");
      // A runtime that was installed is there after a reload, and tells what is wrong with it.
      daemon.ok("runtime", "install", "another", "/bin/true", "--", "-x");
      assertThat(daemon.command("run", "--runtime", "another", "busybox", "true").err())
          .contains("there is no runtime \"another\"");
      daemon.ok("system", "reload");
      assertThat(daemon.ok("runtime", "ls", "--format", "{{.Name}} {{.Kind}} {{.Status}}"))
          .contains("another oci ready")
          .contains("mine oci ready")
          .contains("native native default");
      assertThat(daemon.command("run", "--runtime", "another", "busybox", "true").status())
          .isEqualTo(125);
    }
  }

  @Test
  void runsUnderTheConfiguredDefault() throws IOException {
    assumeTrue(Commands.sh("command -v runc").status() == 0, "needs runc");
    Path file =
        write(
            "kapal.toml",
            "[containers]\ndefault_runtime = \"mine\"\n[runtimes.mine]\npath = \"runc\"\n");
    try (Daemon daemon = daemon(file)) {
      assertThat(daemon.ok("run", "--network", "none", "busybox", "echo", "hello"))
          .isEqualTo("hello");
      String last = daemon.ok("ps", "-aq").lines().findFirst().orElseThrow();
      assertThat(daemon.ok("inspect", "-f", "{{.HostConfig.Runtime}}", last)).isEqualTo("mine");
    }
  }

  private static String stopTimeout(Daemon daemon, String container) {
    return daemon.ok("inspect", "-f", "{{.Config.StopTimeout}}", container);
  }
}

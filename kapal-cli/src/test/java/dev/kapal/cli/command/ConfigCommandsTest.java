package dev.kapal.cli.command;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kapal.cli.Harness;
import dev.kapal.cli.context.LiveConfiguration;
import dev.kapal.config.ConfigSource;
import dev.kapal.config.text.Position;
import dev.kapal.config.text.Problem;
import dev.kapal.engine.EngineSystem;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class ConfigCommandsTest {
  @TempDir Path etc;
  private final Harness h = new Harness();

  @BeforeEach
  void open() {
    h.configuration.source = new ConfigSource(etc);
    h.directory = etc.toString();
  }

  private void write(String name, String text) throws IOException {
    Path file = etc.resolve(name);
    Files.createDirectories(file.resolveSibling("."));
    Files.writeString(file, text);
  }

  @Test
  void showsEachValueWithItsOrigin() throws IOException {
    write(
        "config.toml",
        "[containers]\nstop_timeout = \"3s\"\n[runtimes.mine]\npath = \"/bin/true\"\nsnapshotter = \"s\"\n");
    Harness.Result r = h.run("config", "show");
    assertThat(r.status()).isZero();
    assertThat(r.err()).isEmpty();
    assertThat(r.out())
        .contains("daemon.log_level = \"info\"  # default\n")
        .contains("containers.stop_timeout = \"3s\"  # " + etc.resolve("config.toml") + ":2\n")
        .contains("runtimes.mine.snapshotter = \"s\"  # " + etc.resolve("config.toml") + ":5\n");
    assertThat(h.run("config", "show", "--format", "json").out())
        .contains(
            "{\"Key\":\"containers.log_max_files\",\"Value\":1,\"Origin\":\"default\",\"Effective\":true}\n")
        .contains("{\"Key\":\"network.dns\",\"Value\":[],\"Origin\":\"default\",");
    assertThat(h.run("config", "show", "--format", "{{.Key}} {{.Value}}").out())
        .contains("containers.stop_timeout \"3s\"\n");
  }

  @Test
  void importsRelativeToTheClient() throws IOException {
    write(
        "there/daemon.json",
        "{\"log-driver\": \"json-file\", \"log-opts\": {\"max-size\": \"5m\"}}");
    h.directory = etc.resolve("there").toString();
    Harness.Result dry = h.run("config", "import", "--from", "docker", "--dry-run", "daemon.json");
    assertThat(dry.err()).isEmpty();
    assertThat(dry.status()).isZero();
    Path dropIn = etc.resolve("config.d/50-from-docker.toml");
    assertThat(dry.out())
        .contains("daemon.json:1")
        .contains("This would be " + dropIn)
        .contains("log_max_size = ");
    assertThat(dropIn).doesNotExist();
    assertThat(h.run("config", "import", "--from", "docker", "daemon.json").out())
        .contains("Written: " + dropIn);
    assertThat(h.configuration.current().containers().logMaxSize()).hasValue(5 << 20);
  }

  @Test
  void refusesWhatTheEngineRefuses() throws IOException {
    write("daemon.json", "{\"debug\": tru");
    Harness.Result r = h.run("config", "import", "--from", "docker", "daemon.json");
    assertThat(r.status()).isEqualTo(1);
    assertThat(r.err()).contains("nothing was written");
    assertThat(etc.resolve("config.d")).doesNotExist();
    assertThat(h.run("config", "import").err()).contains("--from is missing");
    assertThat(h.run("config", "import", "--from", "podman").err()).contains("\"podman\"");
    assertThat(h.run("config", "import", "--from", "docker", "none.json").err())
        .startsWith("kapal: " + etc.resolve("none.json") + ": there is no such file");
  }

  @Test
  void tellsWhatAReloadDid() {
    assertThat(h.run("system", "reload").out()).isEqualTo("Nothing has changed.\n");
    h.configuration.reloaded =
        new LiveConfiguration.Reloaded(
            List.of(Problem.error(new Position("/f", 2, 1), "daemon.x", "wrong")), List.of());
    Harness.Result r = h.run("system", "reload");
    assertThat(r.status()).isEqualTo(1);
    assertThat(r.err())
        .isEqualTo(
            "kapal: the configuration has faults; nothing was changed:\n  /f:2:1: daemon.x: wrong\n");
  }

  @Test
  void installsARuntimeAndListsIt() throws IOException {
    Path program = etc.resolve("myrun");
    Files.copy(Path.of("/bin/true"), program);
    Files.setPosixFilePermissions(program, PosixFilePermissions.fromString("rwxr-xr-x"));
    Harness.Result r = h.run("runtime", "install", "mine", "./myrun", "--", "--debug");
    assertThat(r.err()).isEmpty();
    Path dropIn = etc.resolve("config.d/60-runtime-mine.toml");
    assertThat(r.out()).startsWith("Written: " + dropIn);
    assertThat(Files.readString(dropIn))
        .contains("path = \"" + program + "\"")
        .contains("args = [\"--debug\"]");
    h.system.on("info", a -> info());
    assertThat(h.run("runtime", "ls", "--format", "{{.Name}} {{.Kind}} {{.Status}}").out())
        .contains("native native default\n")
        .contains("mine oci not offered: kapal system reload, or not driven yet\n");
    assertThat(h.run("runtime", "ls", "-q").out()).isEqualTo("native\n");
    Files.delete(program);
    assertThat(h.run("runtime", "ls").out()).contains("the program is missing");
    assertThat(h.run("runtime", "install", "x", "nothing").err()).contains("does not exist");
  }

  @Test
  void completes() {
    assertThat(h.run("__complete", "config", "import", "--from", "c").out())
        .isEqualTo("containerd\ncrio\ncrictl\n");
    assertThat(h.run("__complete", "config", "").out()).startsWith("import\t").contains("show\t");
    assertThat(h.run("__complete", "runtime", "install", "x", "").out()).isEqualTo(":file\n");
    assertThat(h.run("__complete", "system", "rel").out()).startsWith("reload\t");
  }

  private static EngineSystem.Info info() {
    return new EngineSystem.Info(
        "",
        "",
        "",
        "",
        "",
        "",
        "",
        1,
        1,
        "2",
        "cgroupfs",
        "overlayfs",
        "",
        "",
        List.of("native"),
        "native",
        List.of(),
        List.of(),
        List.of(),
        0,
        0,
        0,
        0,
        0,
        Instant.EPOCH,
        Map.of());
  }
}

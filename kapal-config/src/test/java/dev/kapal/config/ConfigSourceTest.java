package dev.kapal.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kapal.config.elf.HostFit;
import dev.kapal.config.foreign.Dialect;
import dev.kapal.config.text.ConfigException;
import dev.kapal.config.text.Problem;
import dev.kapal.runtime.Tier;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class ConfigSourceTest {
  @TempDir Path etc;
  private Configuration configuration = Configuration.ofThisHost();

  @BeforeEach
  void open() {
    configuration =
        new Configuration(
            new ConfigSource(etc), new HostFit("x86_64", List.of("GLIBC_2.28"), _ -> true));
  }

  private void write(String name, String text) throws IOException {
    Path file = etc.resolve(name);
    Files.createDirectories(file.resolveSibling("."));
    Files.writeString(file, text);
  }

  @Test
  void noFilesGiveTheDefaults() {
    assertThat(configuration.show().problems()).isEmpty();
    KapalConfig config = configuration.source().load().orElseThrow();
    assertThat(config.containers().defaultRuntime()).isEqualTo("native");
    assertThat(config.containers().capabilities()).hasSize(14);
    assertThat(configuration.show().settings()).allMatch(s -> s.origin().equals("default"));
  }

  @Test
  void laterFilesWinAndOriginsAreKnown() throws IOException {
    write("config.toml", "[containers]\ninit = true\nlog_max_size = \"1m\"\n");
    write("config.d/20.toml", "[containers]\nlog_max_size = \"2m\"\n");
    write(
        "config.d/10.toml",
        "[containers]\nlog_max_size = \"3m\"\n[runtimes.g]\npath = \"/runsc\"\n");
    KapalConfig config = configuration.source().load().orElseThrow();
    assertThat(config.containers().logMaxSize()).hasValue(2 << 20);
    assertThat(config.containers().init()).isTrue();
    assertThat(config.runtime("g").orElseThrow().tier()).isEqualTo(Tier.SANDBOX);
    assertThat(config.all())
        .anySatisfy(s -> {
          assertThat(s.line()).isEqualTo("containers.log_max_size = \"2m\"");
          assertThat(s.origin()).isEqualTo(etc.resolve("config.d/20.toml") + ":2");
        });
  }

  @Test
  void allFaultsOfAllFilesAreReportedAndNothingChanges() throws IOException {
    KapalConfig before = configuration.source().load().orElseThrow();
    write("config.toml", "[daemon]\nlog_level = \"debug\"\nrundir = \"/x\"\n");
    write("config.d/1.toml", "[containers]\ninit = 1\ndefault_runtime = \"rnc\"\n");
    write("config.d/2.toml", "[containers]\ninit = true\nx = \n");
    var reloaded = configuration.reload(before);
    assertThat(reloaded.applied()).isFalse();
    assertThat(reloaded.config()).isSameAs(before);
    assertThat(reloaded.problems().stream().map(Problem::toString))
        .anyMatch(p -> p.contains("config.toml:3:1: daemon.rundir") && p.contains("run_dir"))
        .anyMatch(p -> p.contains("1.toml:2:1: containers.init"))
        .anyMatch(
            p -> p.contains("1.toml:3:1: containers.default_runtime") && p.contains("\"runc\""))
        .anyMatch(p -> p.contains("2.toml:3:"));
  }

  @Test
  void aReloadTellsWhatChangedAndWhatNeedsARestart() throws IOException {
    KapalConfig before = configuration.source().load().orElseThrow();
    write("config.toml", "[daemon]\ndata_dir = \"/d\"\n[containers]\nstop_timeout = \"3s\"\n");
    var reloaded = configuration.reload(before);
    assertThat(reloaded.applied()).isTrue();
    assertThat(reloaded.diff().changes().stream().map(Object::toString))
        .containsExactly(
            "containers.stop_timeout: \"10s\" -> \"3s\"",
            "daemon.data_dir: \"/var/lib/kapal\" -> \"/d\" (counts after a restart of the daemon)");
    assertThat(reloaded.diff().needRestart()).hasSize(1);
    assertThat(configuration.reload(reloaded.config()).diff().changes()).isEmpty();
  }

  @Test
  void aRuntimeIsReplacedAsAWhole() throws IOException {
    write("config.toml", "[runtimes.g]\npath = \"/runsc\"\nargs = [\"a\"]\n[runtimes.h]\n");
    write("config.d/1.toml", "[runtimes.g]\ntype = \"io.containerd.runsc.v1\"\n");
    var entry = configuration.source().load().orElseThrow().runtime("g").orElseThrow();
    assertThat(entry.path()).isEmpty();
    assertThat(entry.args()).isEmpty();
    assertThat(entry.type()).contains("io.containerd.runsc.v1");
  }

  @Test
  void aFileThatEverybodyMayWriteIsRefused() throws IOException {
    write("config.toml", "");
    Files.setPosixFilePermissions(
        etc.resolve("config.toml"), PosixFilePermissions.fromString("rw-rw-rw-"));
    assertThat(configuration.show().problems()).singleElement().asString().contains("chmod o-w");
  }

  @Test
  void runtimesThatContradictThemselvesAreFaults() throws IOException {
    write(
        "config.toml",
        """
        [runtimes.native]
        path = "/x"
        [runtimes.a]
        kind = "shim"
        [runtimes.b]
        kind = "oci"
        type = "io.containerd.x.v1"
        sandboxer = true
        [runtimes.c]
        path = "/usr/bin/kata-runtime"
        [runtimes.d]
        type = "io.containerd.x.v1"
        args = ["x"]
        [runtimes.e]
        type = "io.containerd.runc.v2"
        options = { BinaryNam = "/x", SystemdCgroup = "yes" }
        [runtimes.f]
        type = "io.containerd.kata.v2"
        options = { ConfigPath = 1, other = 1 }
        """);
    assertThat(configuration.show().problems()).hasSize(9);
    assertThat(configuration.show().problems().toString())
        .contains(
            "runtimes.e.options.BinaryNam", "did you mean \"BinaryName\"?", "must be true or false")
        .contains("runtimes.b.sandboxer", "only a shim makes sandboxes itself")
        .contains("runtimes.f.options.ConfigPath", "must be a string");
  }

  @Test
  void anImportIsWrittenWholeOrNotAtAll() throws IOException {
    Path daemon = etc.resolve("daemon.json");
    Files.writeString(daemon, "{\"mtu\": 1400, \"runtimes\": {\"g\": {\"path\": \"/runsc\"}}}");
    var dry = configuration.importFrom(Dialect.DOCKER, Optional.of(daemon), true);
    assertThat(dry.written()).isFalse();
    assertThat(etc.resolve("config.d")).doesNotExist();
    var done = configuration.importFrom(Dialect.DOCKER, Optional.of(daemon), false);
    assertThat(done.written()).isTrue();
    assertThat(Files.readString(done.file())).isEqualTo(dry.text());
    assertThat(done.text())
        .isEqualTo(
            """
            # Written by kapal config import --from docker; the next import replaces this file.
            # Read: %1$s

            [network]
            # from %1$s:1
            mtu = 1400

            [runtimes.g]
            # from %1$s:1
            kind = "oci"
            # from %1$s:1
            path = "/runsc"
            """
                .formatted(daemon));
    assertThat(configuration.source().load().orElseThrow().network().mtu()).hasValue(1400);
    Files.writeString(daemon, "{\"mtu\": 1500, }");
    assertThat(configuration.importFrom(Dialect.DOCKER, Optional.of(daemon), false).written())
        .isFalse();
    assertThat(Files.readString(done.file())).isEqualTo(dry.text());
    try (var files = Files.list(etc.resolve("config.d"))) {
      assertThat(files).hasSize(1);
    }
  }

  @Test
  void everySampleImportsIntoAConfigurationThatLoads() throws IOException {
    for (Dialect dialect : Dialect.values()) {
      for (Path file : Samples.of(dialect)) {
        configuration.importFrom(dialect, Optional.of(file), false);
        assertThat(configuration.show().problems()).as(file.toString()).isEmpty();
      }
    }
  }

  @Test
  void aRuntimeIsInstalled() throws IOException {
    Path program = Files.writeString(etc.resolve("runsc"), "#!/bin/sh\n");
    assertThatThrownBy(() -> configuration.installRuntime("g", program, List.of()))
        .isInstanceOf(ConfigException.NotInstalled.class)
        .hasMessageContaining("chmod +x");
    assertThat(program.toFile().setExecutable(true)).isTrue();
    var installed = configuration.installRuntime("g", program, List.of("--debug"));
    assertThat(installed.replaced()).isFalse();
    assertThat(installed.warnings()).singleElement().asString().contains("script");
    var entry = configuration.source().load().orElseThrow().runtime("g").orElseThrow();
    assertThat(entry.path()).contains(program.toString());
    assertThat(entry.args()).containsExactly("--debug");
    assertThat(configuration.installRuntime("g", program, List.of()).replaced()).isTrue();
    for (String name : List.of("native", "a/b", "io.containerd.x.v1", "", "../x")) {
      assertThatThrownBy(() -> configuration.installRuntime(name, program, List.of()))
          .as(name)
          .isInstanceOf(ConfigException.NotInstalled.class);
    }
    assertThatThrownBy(() -> configuration.installRuntime("h", Path.of("/nowhere"), List.of()))
        .hasMessageContaining("does not exist");
    assertThatThrownBy(() -> configuration.installRuntime("h", Path.of("runsc"), List.of()))
        .hasMessageContaining("absolute");
  }

  @Test
  void nothingIsInstalledIntoABrokenConfiguration() throws IOException {
    write("config.toml", "x = 1\n");
    Path program = Path.of("/bin/true");
    assertThatThrownBy(() -> configuration.installRuntime("g", program, List.of()))
        .isInstanceOf(ConfigException.Invalid.class)
        .hasMessageContaining("config.toml:1:1: x");
    assertThat(etc.resolve("config.d")).doesNotExist();
  }
}

package dev.kapal.daemon;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kapal.config.ConfigSource;
import dev.kapal.config.KapalConfig;
import dev.kapal.config.text.KeyPath;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class DaemonOptionsTest {
  @TempDir Path etc;

  private KapalConfig load(Map<String, String> environment, String... words) {
    return DaemonOptions.parse(List.of(words), environment).source().load().orElseThrow();
  }

  @Test
  void hasTheUsualPlaces() {
    DaemonOptions options = DaemonOptions.parse(List.of(), Map.of("KAPAL_CONFIG", ""));
    assertThat(options.source()).isEqualTo(new ConfigSource(Path.of("/etc/kapal")));
    assertThat(options.source().dropIns()).isEqualTo(Path.of("/etc/kapal/config.d"));
  }

  @Test
  void optionsWinOverTheEnvironmentAndThatOverFiles() throws IOException {
    Path file = etc.resolve("my.toml");
    Files.writeString(
        file,
        "[daemon]\nrun_dir = \"/f\"\ndata_dir = \"/f\"\ncgroup_parent = \"/f\"\ngroup = \"f\"\n");
    KapalConfig config =
        load(
            Map.of("KAPAL_RUN", "/e", "KAPAL_DATA", "/e", "KAPAL_CONFIG", "/nowhere"),
            "--config",
            file.toString(),
            "--run-dir",
            "/a",
            "--cgroup-parent=/c/d");
    assertThat(config.daemon())
        .isEqualTo(
            new KapalConfig.Daemon(Path.of("/a"), Path.of("/e"), "auto", "/c/d", "f", "info"));
    assertThat(config.all())
        .filteredOn(s -> s.path().equals(KeyPath.of("daemon", "run_dir")))
        .singleElement()
        .satisfies(s -> assertThat(s.origin()).isEqualTo("--run-dir"));
  }

  @Test
  void aFileThatIsNamedMustExist() {
    Path file = etc.resolve("none.toml");
    assertThatThrownBy(() -> load(Map.of("KAPAL_CONFIG", file.toString())))
        .hasMessageContaining(file + ": there is no such file");
  }

  @Test
  void namesWhatIsWrong() {
    assertThatThrownBy(() -> DaemonOptions.parse(List.of("--nothing"), Map.of()))
        .hasMessageContaining("\"--nothing\"");
    assertThatThrownBy(() -> DaemonOptions.parse(List.of("--run-dir"), Map.of()))
        .hasMessageContaining("needs a value");
    assertThatThrownBy(() -> DaemonOptions.parse(List.of("--run-dir", "x"), Map.of()))
        .hasMessageContaining("\"x\"");
    assertThatThrownBy(() -> DaemonOptions.parse(List.of(), Map.of("KAPAL_CONFIG", "x")))
        .hasMessageContaining("KAPAL_CONFIG \"x\" is not absolute");
    assertThatThrownBy(() -> DaemonOptions.parse(List.of("--cgroup-parent", "/a/../.."), Map.of()))
        .hasMessageContaining("/a/../..");
  }

  @Test
  void findsTheGroup() {
    List<String> lines = List.of("root:x:0:", "broken", "kapal:x:987:ann,bob", "kapalx:x:12:");
    assertThat(Access.group("kapal", lines)).isEqualTo(OptionalLong.of(987));
    assertThat(Access.group("nobody", lines)).isEmpty();
  }
}

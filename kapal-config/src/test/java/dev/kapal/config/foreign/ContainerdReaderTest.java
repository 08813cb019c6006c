package dev.kapal.config.foreign;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kapal.config.Samples;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class ContainerdReaderTest {
  @ParameterizedTest
  @CsvSource({
    "1,cri",
    "2,io.containerd.grpc.v1.cri",
    "3,io.containerd.cri.v1.runtime",
    "4,io.containerd.cri.v1.runtime"
  })
  void eachVersionHasItsPlugin(int version, String plugin) {
    var report =
        Samples.containerd(
            """
            version = %d
            imports = []
            [plugins."%s".containerd.runtimes.g]
            runtime_type = "io.containerd.runsc.v1"
            """
                .formatted(version, plugin));
    assertThat(Samples.lines(report))
        .containsExactly(
            "runtimes.g.kind = \"shim\"", "runtimes.g.type = \"io.containerd.runsc.v1\"");
    assertThat(Samples.mistakes(report)).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({
    "1,io.containerd.grpc.v1.cri,write version = 2",
    "2,cri,version 1's",
    "2,io.containerd.cri.v1.runtime,write version = 3",
    "3,io.containerd.grpc.v1.cri,io.containerd.cri.v1.runtime",
  })
  void aTableOfAnotherVersionIsExplainedAndNotTaken(int version, String plugin, String advice) {
    var report =
        Samples.containerd(
            """
            version = %d
            [plugins."%s".containerd.runtimes.g]
            runtime_type = "io.containerd.runsc.v1"
            """
                .formatted(version, plugin));
    assertThat(Samples.mistakes(report))
        .singleElement()
        .asString()
        .contains("passes this table over", advice);
    assertThat(report.settings()).isEmpty();
  }

  @Test
  void streamingSettingsStayInTheOldPluginInVersion3() {
    var report =
        Samples.containerd(
            "version = 3\n[plugins.\"io.containerd.grpc.v1.cri\"]\nstream_server_port = \"0\"\n");
    assertThat(report.findings()).extracting(Finding::outcome).containsOnly(Outcome.NOT_APPLICABLE);
  }

  @Test
  void theTimeoutOfSilentStreamsIsTaken() {
    var report =
        Samples.containerd(
            "version = 2\n[plugins.\"io.containerd.grpc.v1.cri\"]\n"
                + "stream_idle_timeout = \"4h0m0s\"\n");
    assertThat(report.findings()).extracting(Finding::outcome).contains(Outcome.TAKEN);
    assertThat(report.settings())
        .extracting(s -> s.path().toString())
        .containsExactly("cri.stream_idle_timeout");
  }

  @Test
  void theCriSwitchedOffIsExplained() {
    assertThat(Samples.mistakes(Samples.containerd("version = 2\ndisabled_plugins = [\"cri\"]\n")))
        .singleElement()
        .asString()
        .contains("unknown service runtime.v1.RuntimeService");
  }

  @Test
  void runcsShimRunsRuncUnderAnyName() {
    assertThat(
            Samples.lines(
                Samples.containerd(
                    """
                    version = 2
                    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.mine]
                    runtime_type = "io.containerd.runc.v2"
                    """)))
        .containsExactly("runtimes.mine.kind = \"oci\"", "runtimes.mine.path = \"runc\"");
  }

  @Test
  void importsAreReadAndMerged(@TempDir Path dir) throws IOException {
    Files.createDirectory(dir.resolve("conf.d"));
    Path main = dir.resolve("config.toml");
    Files.writeString(
        main,
        """
        version = 3
        imports = ["conf.d/*.toml", "config.toml", "missing.toml"]
        [plugins."io.containerd.cri.v1.runtime".containerd]
        default_runtime_name = "b"
        """);
    for (String name : new String[] {"b", "a"}) {
      Files.writeString(
          dir.resolve("conf.d/" + name + ".toml"),
          """
          imports = ["../config.toml"]
          [plugins."io.containerd.cri.v1.runtime".containerd.runtimes.%s]
          runtime_type = "io.containerd.%s.v1"
          """
              .formatted(name, name));
    }
    ForeignReport report = ForeignConfigs.read(Dialect.CONTAINERD, main);
    assertThat(Samples.lines(report))
        .contains(
            "containers.default_runtime = \"b\"",
            "runtimes.a.type = \"io.containerd.a.v1\"",
            "runtimes.b.type = \"io.containerd.b.v1\"");
    assertThat(report.files())
        .containsExactly(main, dir.resolve("conf.d/a.toml"), dir.resolve("conf.d/b.toml"));
    assertThat(Samples.mistakes(report)).singleElement().asString().contains("missing.toml");
    assertThat(report.settings().getLast().origin())
        .startsWith(dir.resolve("conf.d/b.toml:").toString());
  }

  @Test
  void importsThatReplaceWholeTablesAreNamed(@TempDir Path dir) throws IOException {
    Path main = dir.resolve("config.toml");
    Files.writeString(
        main,
        "version = 2\nimports = [\"x.toml\"]\n[plugins.\"io.containerd.grpc.v1.cri\".cni]\nbin_dir = \"/a\"\n");
    Files.writeString(
        dir.resolve("x.toml"), "[plugins.\"io.containerd.grpc.v1.cri\".cni]\nconf_dir = \"/b\"\n");
    ForeignReport report = ForeignConfigs.read(Dialect.CONTAINERD, main);
    assertThat(Samples.mistakes(report))
        .singleElement()
        .asString()
        .contains("replaces the whole table");
    assertThat(Samples.lines(report))
        .containsExactly("network.cni_bin_dirs = [\"/a\"]", "network.cni_conf_dir = \"/b\"");
  }
}

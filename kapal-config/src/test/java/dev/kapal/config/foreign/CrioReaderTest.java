package dev.kapal.config.foreign;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kapal.config.Samples;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class CrioReaderTest {
  @Test
  void dropInsCountWithoutAMainFile(@TempDir Path dir) throws IOException {
    Path folder = Files.createDirectory(dir.resolve("crio.conf.d"));
    Files.writeString(
        folder.resolve("10-crun.conf"),
        "[crio.runtime]\ndefault_runtime = \"x\"\n[crio.runtime.runtimes.x]\nruntime_path = \"/usr/bin/a\"\n");
    Files.writeString(
        folder.resolve("20-x.conf"), "[crio.runtime.runtimes.x]\nruntime_path = \"/usr/bin/b\"\n");
    Files.writeString(folder.resolve(".20-x.conf.swp"), "\0\0");
    ForeignReport report = ForeignConfigs.read(Dialect.CRIO, dir.resolve("crio.conf"));
    assertThat(Samples.lines(report))
        .containsExactly(
            "containers.default_runtime = \"x\"",
            "runtimes.x.kind = \"oci\"",
            "runtimes.x.path = \"/usr/bin/b\"");
    assertThat(Samples.mistakes(report)).isEmpty();
  }

  @Test
  void aConfigOfAVirtualMachineGoesWithTheTypeVmOnly() {
    assertThat(
            Samples.mistakes(
                Samples.crio(
                    "[crio.runtime.runtimes.r]\nruntime_path = \"/r\"\nruntime_config_path = \"/c\"\n")))
        .singleElement()
        .asString()
        .contains("runtime_type = \"vm\"");
  }

  @Test
  void aMisspeltEndpointOfCrictlIsExplained() {
    assertThat(Samples.mistakes(Samples.crictl("untime-endpoint: unix:///x.sock\n")))
        .anySatisfy(m ->
            assertThat(m)
                .startsWith("/nowhere/crictl.yaml:1:1: untime-endpoint")
                .contains("did you mean \"runtime-endpoint\""));
  }

  @Test
  void aTabInYamlIsNamed() {
    assertThat(Samples.mistakes(Samples.crictl("runtime-endpoint:\n\tx: 1\n")))
        .singleElement()
        .asString()
        .contains("never with tabs");
  }
}

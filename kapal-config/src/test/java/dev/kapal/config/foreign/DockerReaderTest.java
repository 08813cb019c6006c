package dev.kapal.config.foreign;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kapal.config.Samples;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class DockerReaderTest {
  @Test
  void pathIsAProgram() {
    assertThat(
            Samples.lines(
                Samples.docker(
                    "{\"runtimes\":{\"g\":{\"path\":\"/usr/bin/runsc\",\"runtimeArgs\":[\"--x\"]}}}")))
        .containsExactly(
            "runtimes.g.args = [\"--x\"]",
            "runtimes.g.kind = \"oci\"",
            "runtimes.g.path = \"/usr/bin/runsc\"");
  }

  @Test
  void kataRuntimeAsPathBecomesItsShim() {
    var report =
        Samples.docker("{\"runtimes\":{\"kata\":{\"path\":\"/opt/kata/bin/kata-runtime\"}}}");
    assertThat(Samples.lines(report))
        .containsExactly(
            "runtimes.kata.kind = \"shim\"", "runtimes.kata.type = \"io.containerd.kata.v2\"");
    assertThat(Samples.mistakes(report))
        .singleElement()
        .asString()
        .contains("Invalid command \"create\"", "io.containerd.kata.v2");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{'path':'/a','runtimeType':'io.containerd.x.v1'}|exclude each other",
        "{'path':'/a','options':{}}|options go with runtimeType",
        "{'runtimeType':'io.containerd.x.v1','runtimeArgs':['a']}|runtimeArgs go with path",
        "{'runtimeType':'x'}|no type of shim",
        "{}|needs \"path\" or \"runtimeType\"",
        "7|a runtime is an object",
      })
  void contradictionsAreExplainedAndNotTaken(String runtime, String message) {
    var report = Samples.docker("{'runtimes':{'r':%s}}".formatted(runtime).replace('\'', '"'));
    assertThat(Samples.mistakes(report)).singleElement().asString().contains(message);
    assertThat(report.settings()).isEmpty();
  }

  @Test
  void runcIsReserved() {
    var report = Samples.docker("{\"runtimes\":{\"runc\":{\"path\":\"/usr/bin/runc\"}}}");
    assertThat(Samples.mistakes(report)).singleElement().asString().contains("reserves");
    assertThat(report.settings()).isEmpty();
  }

  @Test
  void aDefaultThatIsNotRegisteredGetsTheNearestName() {
    var report =
        Samples.docker(
            "{\"default-runtime\":\"nvida\",\"runtimes\":{\"nvidia\":{\"path\":\"nvidia\"}}}");
    assertThat(Samples.mistakes(report))
        .singleElement()
        .asString()
        .contains("nvidia, runc", "did you mean \"nvidia\"");
    assertThat(Samples.lines(report)).noneMatch(l -> l.startsWith("containers"));
  }

  @Test
  void everyKeyIsMentionedOnceAtLeast() {
    var report =
        Samples.docker("{\"live-restore\":true,\"icc\":false,\"nonsense\":1,\"init\":true}");
    assertThat(report.findings())
        .extracting(Finding::outcome)
        .containsExactly(
            Outcome.NOT_APPLICABLE, Outcome.NOT_APPLICABLE, Outcome.UNKNOWN, Outcome.TAKEN);
  }

  @Test
  void optionsNamesAreExplained() {
    assertThat(Samples.mistakes(Samples.docker("{\"insecure-registry\":[\"a\"]}")))
        .singleElement()
        .asString()
        .contains("insecure-registries");
    assertThat(Samples.docker("{\"registry-mirors\":[]}").of(Outcome.UNKNOWN))
        .singleElement()
        .asString()
        .contains("did you mean \"registry-mirrors\"");
  }

  @ParameterizedTest
  @CsvSource({
    "172.26.0.1/16,172.26.0.0/16",
    "10.1.2.3/8,10.0.0.0/8",
    "192.168.1.1/32,192.168.1.1/32",
    "1.2.3.4/0,0.0.0.0/0"
  })
  void theBridgesAddressNamesItsNetwork(String address, String network) {
    assertThat(DockerNetworks.network(address)).contains(network);
  }

  @Test
  void addressesThatAreNoneAreNoNetwork() {
    assertThat(DockerNetworks.network("300.1.1.1/8")).isEmpty();
    assertThat(DockerNetworks.network("1.1.1.1/33")).isEmpty();
  }

  @Test
  void aFileThatDockerRefusesIsNotReadable() {
    var report = Samples.docker("{\n  // why\n  \"mtu\": 1400,\n}");
    assertThat(report.readable()).isFalse();
    assertThat(Samples.mistakes(report))
        .satisfiesExactly(
            m -> assertThat(m).startsWith("daemon.json:2:3: ").contains("comments", "// why"),
            m -> assertThat(m).startsWith("daemon.json:3:14: ").contains("comma"));
    assertThat(Samples.lines(report)).isEqualTo(List.of("network.mtu = 1400"));
  }
}

package dev.kapal.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Plugins that fail in every way: the error says what, and nothing is left over. */
final class FailingPluginsTest {
  private static final String CONFLIST =
      """
      {"cniVersion":"1.0.0","name":"lake","plugins":[
        {"type":"fish"},
        {"type":"frog","capabilities":{"portMappings":true}},
        {"type":"duck"}]}
      """;

  @TempDir Path directory;
  private TestNetns netns;
  private FakePlugins fakes;
  private NetworkConfig config;
  private Networks networks;
  private String container;

  @BeforeEach
  void open() throws Exception {
    netns = TestNetns.open();
    container = netns.add("c1");
    fakes = new FakePlugins(directory.resolve("bin"), "fish", "frog", "duck");
    conf("10-lake.conflist", CONFLIST);
    config =
        NetworkConfig.below(directory)
            .withConfDirs(List.of(directory.resolve("net.d")))
            .withPluginDirs(List.of(fakes.directory()))
            .withPluginTimeout(Duration.ofSeconds(2));
    networks = Networks.open(config);
  }

  @AfterEach
  void close() throws Exception {
    if (netns != null) {
      netns.close();
    }
  }

  private void conf(String name, String text) throws IOException {
    Files.createDirectories(directory.resolve("net.d"));
    Files.writeString(directory.resolve("net.d").resolve(name), text);
  }

  private AttachRequest request() {
    return AttachRequest.of("c1", container, "lake", List.of(PortMapping.parse("80")));
  }

  private List<String> records() throws IOException {
    try (var files = Files.list(directory.resolve("cni/attachments"))) {
      return files.map(f -> f.getFileName().toString()).toList();
    }
  }

  @Test
  void theChainRunsForwardAndIsUndoneBackward() throws Exception {
    Attachment got = networks.attach(request());
    assertThat(got.primaryAddress().map(Addresses::text)).contains("10.1.2.3");
    assertThat(got.networks().getFirst().dns().nameservers()).containsExactly("10.1.2.1");
    assertThat(fakes.input("ADD", "fish")).doesNotContain("prevResult").contains("\"lake\"");
    assertThat(fakes.input("ADD", "frog"))
        .contains("prevResult")
        .contains("\"hostPort\":" + got.ports().getFirst().hostPort())
        .doesNotContain("capabilities");
    assertThat(fakes.input("ADD", "duck")).contains("10.1.2.3").doesNotContain("hostPort");
    assertThatThrownBy(() -> networks.attach(request()))
        .isInstanceOf(NetworkException.Conflict.class);
    networks.check("c1");
    networks.detach("c1");
    assertThat(fakes.input("DEL", "fish")).contains("prevResult");
    assertThat(fakes.calls())
        .containsExactly(
            "ADD fish c1 eth0",
            "ADD frog c1 eth0",
            "ADD duck c1 eth0",
            "CHECK fish c1 eth0",
            "CHECK frog c1 eth0",
            "CHECK duck c1 eth0",
            "DEL duck c1 eth0",
            "DEL frog c1 eth0",
            "DEL fish c1 eth0");
    assertThat(records()).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({
    "fish,refuse,the lake is dry: try tomorrow",
    "frog,refuse,the lake is dry: try tomorrow",
    "duck,refuse,the lake is dry: try tomorrow",
    "fish,text,exit code 2",
    "duck,text,panic: something broke",
    "frog,garbage,is not JSON",
    "frog,array,is not a JSON object",
    "duck,badaddress,a number is above 255",
    "fish,nothing,printed no result",
    "frog,nothing,printed no result",
    "fish,flood,more than 1 MiB",
    "duck,signal,exit code 137",
    "frog,hang,did not finish within 2 s",
  })
  void aFailedAddIsUndone(String plugin, String mode, String said) throws Exception {
    fakes.mode("ADD", plugin, mode);
    assertThatThrownBy(() -> networks.attach(request()))
        .isInstanceOf(NetworkException.PluginFailed.class)
        .hasMessageContaining("\"" + plugin + "\"")
        .hasMessageContaining("network \"lake\"")
        .hasMessageContaining(said);
    assertThat(fakes.calls()).endsWith("DEL duck c1 eth0", "DEL frog c1 eth0", "DEL fish c1 eth0");
    assertThat(records()).isEmpty();
    assertThat(networks.cached("c1")).isEmpty();
    for (String name : List.of("hanging", "hanging.child")) {
      Path file = fakes.directory().resolve(name);
      if (Files.exists(file)) {
        assertGone(Long.parseLong(Files.readString(file).strip()));
      }
    }
    fakes.mode("ADD", plugin, "");
    assertThat(networks.attach(request()).ports()).hasSize(1);
    networks.detach("c1");
  }

  private static void assertGone(long pid) throws Exception {
    for (int i = 0;
        i < 100 && ProcessHandle.of(pid).map(ProcessHandle::isAlive).orElse(false);
        i++) {
      Thread.sleep(20);
    }
    assertThat(ProcessHandle.of(pid).map(ProcessHandle::isAlive).orElse(false)).isFalse();
  }

  @ParameterizedTest
  @CsvSource({"fish,refuse", "frog,text", "duck,hang", "frog,signal"})
  void aFailedDelKeepsTheRecordAndIsTriedAgain(String plugin, String mode) throws Exception {
    networks.attach(request());
    fakes.mode("DEL", plugin, mode);
    fakes.forgetCalls();
    assertThatThrownBy(() -> networks.detach("c1"))
        .isInstanceOf(NetworkException.PluginFailed.class)
        .hasMessageContaining("could not detach container c1");
    assertThat(fakes.calls()).as("the others have done their part").hasSize(3);
    assertThat(records()).containsExactly("c1.json");
    fakes.mode("DEL", plugin, "");
    assertThat(Networks.open(config).gc(Set.of())).containsExactly("c1");
    assertThat(records()).isEmpty();
  }

  @Test
  void aFailedUndoIsFinishedLater() throws Exception {
    fakes.mode("ADD", "duck", "refuse");
    fakes.mode("DEL", "frog", "refuse");
    assertThatThrownBy(() -> networks.attach(request())).hasMessageContaining("\"duck\"");
    assertThat(records()).containsExactly("c1.json");
    assertThat(networks.cached("c1")).isEmpty();
    fakes.mode("DEL", "frog", "");
    assertThat(networks.gc(Set.of("c1"))).containsExactly("c1");
    assertThat(records()).isEmpty();
  }

  @Test
  void theSecondNetworkFailingUndoesTheFirst() throws Exception {
    conf("20-pond.conflist", CONFLIST.replace("lake", "pond").replace("\"duck\"", "\"goose\""));
    new FakePlugins(fakes.directory(), "goose");
    fakes.mode("ADD", "goose", "refuse");
    AttachRequest both =
        new AttachRequest(
            "c1",
            container,
            List.of(NetworkRequest.of("lake"), NetworkRequest.of("pond")),
            List.of(),
            Map.of("K8S_POD_NAME", "p"),
            Map.of("portMappings", List.of(Map.of("hostPort", 1))));
    assertThatThrownBy(() -> networks.attach(both)).hasMessageContaining("\"goose\"");
    assertThat(fakes.calls())
        .endsWith(
            "DEL goose c1 eth1",
            "DEL frog c1 eth1",
            "DEL fish c1 eth1",
            "DEL duck c1 eth0",
            "DEL frog c1 eth0",
            "DEL fish c1 eth0");
    assertThat(records()).isEmpty();
  }

  @Test
  void whatIsWrongIsSaidBeforeAnythingRuns() throws Exception {
    conf("30-none.conf", "{\"cniVersion\":\"0.4.0\",\"name\":\"none-such\",\"type\":\"eel\"}");
    conf("40-new.conf", "{\"cniVersion\":\"9.0.0\",\"name\":\"future\",\"type\":\"fish\"}");
    conf("50-path.conf", "{\"cniVersion\":\"1.0.0\",\"name\":\"path\",\"type\":\"../fish\"}");
    conf("60-broken.conflist", "{\"cniVersion\":");
    assertThat(networks.list())
        .extracting(Network::name)
        .containsExactly("bridge", "host", "none", "future", "lake", "none-such");
    assertFails(NetworkException.Missing.class, "none-such", "containernetworking-plugins");
    assertFails(NetworkException.Invalid.class, "future", "9.0.0");
    assertFails(NetworkException.NotFound.class, "path", "there are bridge, host, none");
    assertFails(NetworkException.Invalid.class, "host", "no interfaces of its own");
    assertThatThrownBy(
            () -> networks.attach(AttachRequest.of("c1", "/proc/self/ns/net", "lake", List.of())))
        .hasMessageContaining("the host's own");
    assertThatThrownBy(
            () -> networks.attach(AttachRequest.of("../c1", container, "lake", List.of())))
        .isInstanceOf(NetworkException.Invalid.class);
    assertThat(fakes.calls()).isEmpty();
    assertThat(records()).isEmpty();
  }

  private void assertFails(Class<? extends Throwable> type, String network, String said) {
    assertThatThrownBy(() -> networks.attach(AttachRequest.of("c1", container, network, List.of())))
        .isInstanceOf(type)
        .hasMessageContaining(said);
  }

  @Test
  void aPathThatMeansAnotherNamespaceNowIsNotTouched() throws Exception {
    Process process = new ProcessBuilder("nsenter", "--net=" + container, "sleep", "100").start();
    try {
      String path = "/proc/" + process.pid() + "/ns/net";
      for (int i = 0;
          i < 100 && Netns.identity(path).equals(Netns.identity("/proc/self/ns/net"));
          i++) {
        Thread.sleep(10);
      }
      networks.attach(AttachRequest.of("c1", path, "lake", List.of()));
    } finally {
      process.destroyForcibly().waitFor();
    }
    AttachmentRecord record =
        AttachmentRecord.parse(
            "record", Files.readString(directory.resolve("cni/attachments/c1.json")));
    assertThat(Netns.ifStill(record.netns(), record.netnsIdentity())).isEmpty();
    assertThat(Netns.ifStill("/proc/self/ns/net", record.netnsIdentity())).isEmpty();
    assertThat(Netns.ifStill(container, record.netnsIdentity())).isEqualTo(container);
    networks.detach("c1");
    assertThat(records()).isEmpty();
  }

  @Test
  void damagedRecordsAreSetAside() throws Exception {
    networks.attach(request());
    Path attachments = directory.resolve("cni/attachments");
    Files.writeString(attachments.resolve("bad.json"), "{\"format\":1,\"conta");
    Files.writeString(attachments.resolve(".c1.json.17"), "{");
    Networks again = Networks.open(config);
    assertThat(again.attachments()).hasSize(1);
    assertThat(records()).containsExactlyInAnyOrder("c1.json", "bad.json.damaged");
    networks.detach("c1");
  }

  @Test
  void versionsAreNegotiatedAndNewVerbsUsed() throws Exception {
    conf(
        "05-first.conflist",
        "{\"cniVersion\":\"1.0.0\",\"cniVersions\":[\"1.0.0\",\"1.1.0\",\"7.0.0\"],"
            + "\"name\":\"first\",\"plugins\":[{\"type\":\"fish\"}]}");
    assertThat(networks.podNetwork()).contains("first");
    assertThat(networks.podReadiness()).isEqualTo(Readiness.READY);
    assertThat(fakes.calls()).containsExactly("STATUS fish  ");
    fakes.mode("STATUS", "fish", "refuse");
    assertThat(networks.podReadiness().ready()).isFalse();
    assertThat(networks.podReadiness().message()).contains("the lake is dry");
    networks.attach(AttachRequest.of("c1", container, "first", List.of()));
    assertThat(fakes.input("ADD", "fish")).contains("\"cniVersion\":\"1.1.0\"");
    networks.gc(Set.of("c1"));
    assertThat(fakes.input("GC", "fish"))
        .contains("\"cni.dev/valid-attachments\":[{\"containerID\":\"c1\",\"ifname\":\"eth0\"}]");
    networks.detach("c1");
  }

  @Test
  void aLateConfigurationMakesPodsReady() throws Exception {
    Networks late = Networks.open(config.withConfDirs(List.of(directory.resolve("late.d"))));
    assertThat(late.podReadiness().ready()).isFalse();
    Files.createDirectories(directory.resolve("late.d"));
    Files.writeString(directory.resolve("late.d/10-lake.conflist"), CONFLIST);
    assertThat(late.podReadiness().ready()).isTrue();
  }

  @Test
  void aConfigurationRemovedMeanwhileIsStillUndone() throws Exception {
    networks.attach(request());
    Files.delete(directory.resolve("net.d/10-lake.conflist"));
    Networks again = Networks.open(config);
    fakes.forgetCalls();
    again.detach("c1");
    assertThat(fakes.calls()).hasSize(3);
    assertThat(Optional.of(records())).contains(List.of());
  }
}

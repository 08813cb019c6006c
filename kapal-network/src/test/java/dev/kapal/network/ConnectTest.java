package dev.kapal.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Joining and leaving networks while a container runs. */
final class ConnectTest {
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
    fakes = new FakePlugins(directory.resolve("bin"), "fish", "frog", "duck", "portmap");
    conf("lake", "fish");
    conf("pond", "frog");
    conf("sea", "duck");
    config =
        NetworkConfig.below(directory)
            .withConfDirs(List.of(directory.resolve("net.d")))
            .withPluginDirs(List.of(fakes.directory()));
    networks = Networks.open(config);
  }

  @AfterEach
  void close() throws Exception {
    if (netns != null) {
      netns.close();
    }
  }

  private void conf(String name, String plugin) throws IOException {
    Files.createDirectories(directory.resolve("net.d"));
    Files.writeString(
        directory.resolve("net.d").resolve(name + ".conflist"),
        "{\"cniVersion\":\"1.0.0\",\"name\":\"%s\",\"plugins\":[{\"type\":\"%s\"}]}"
            .formatted(name, plugin));
  }

  /** Like {@link #conf}, of a network that publishes ports. */
  private void publishing(String name, String plugin) throws IOException {
    Files.writeString(
        directory.resolve("net.d").resolve(name + ".conflist"),
        """
        {"cniVersion":"1.0.0","name":"%s","plugins":[{"type":"%s"},
         {"type":"portmap","capabilities":{"portMappings":true}}]}
        """
            .formatted(name, plugin));
  }

  private static List<String> names(Attachment a) {
    return a.networks().stream().map(n -> n.network() + " " + n.ifName()).toList();
  }

  private Attachment connect(String network) {
    return networks.connect("c1", container, NetworkRequest.of(network), List.of());
  }

  private void attachToLake() {
    networks.attach(AttachRequest.of("c1", container, "lake", List.of()));
  }

  @Test
  void interfacesAreNumberedAndTheirNumbersUsedAgain() throws Exception {
    attachToLake();
    assertThat(names(connect("pond"))).containsExactly("lake eth0", "pond eth1");
    assertThat(names(connect("sea"))).containsExactly("lake eth0", "pond eth1", "sea eth2");
    assertThat(names(networks.disconnect("c1", "pond").orElseThrow()))
        .containsExactly("lake eth0", "sea eth2");
    assertThat(names(connect("pond"))).containsExactly("lake eth0", "sea eth2", "pond eth1");
    assertThat(names(Networks.open(config).cached("c1").orElseThrow()))
        .containsExactly("lake eth0", "sea eth2", "pond eth1");
    networks.detach("c1");
    assertThat(fakes.calls()).endsWith("DEL frog c1 eth1", "DEL duck c1 eth2", "DEL fish c1 eth0");
  }

  @Test
  void theLastNetworkLeavesNothingAndTheFirstIsLikeAttaching() throws Exception {
    assertThat(names(connect("lake"))).containsExactly("lake eth0");
    assertThat(networks.disconnect("c1", "lake")).isEmpty();
    assertThat(networks.cached("c1")).isEmpty();
    try (var files = Files.list(directory.resolve("cni/attachments"))) {
      assertThat(files).isEmpty();
    }
    attachToLake();
  }

  @Test
  void whatFailsLeavesTheContainerAsItWas() throws Exception {
    attachToLake();
    fakes.mode("ADD", "frog", "refuse");
    assertThatThrownBy(() -> connect("pond")).isInstanceOf(NetworkException.PluginFailed.class);
    assertThat(fakes.calls()).endsWith("DEL frog c1 eth1");
    assertThat(names(networks.cached("c1").orElseThrow())).containsExactly("lake eth0");
    assertThatThrownBy(() -> connect("lake"))
        .isInstanceOf(NetworkException.Conflict.class)
        .hasMessageContaining("lake");
    assertThatThrownBy(() -> connect("ocean")).isInstanceOf(NetworkException.NotFound.class);
    assertThatThrownBy(() -> networks.disconnect("c1", "sea"))
        .isInstanceOf(NetworkException.NotFound.class);
  }

  /** In the lake and the pond, with a port published by a plugin on the lake. */
  private List<PublishedPort> publishOnTheLake() throws Exception {
    publishing("lake", "fish");
    publishing("pond", "frog");
    List<PortMapping> ports = List.of(PortMapping.parse("53/udp"));
    Attachment a = networks.attach(AttachRequest.of("c1", container, "lake", ports));
    networks.connect("c1", container, NetworkRequest.of("pond"), ports);
    fakes.forgetCalls();
    return a.ports();
  }

  @Test
  void aPluginPublishesOnTheNetworkThatStays() throws Exception {
    List<PublishedPort> ports = publishOnTheLake();
    assertThat(networks.disconnect("c1", "lake").orElseThrow().ports()).isEqualTo(ports);
    assertThat(fakes.calls())
        .containsExactly("DEL portmap c1 eth0", "DEL fish c1 eth0", "ADD portmap c1 eth1");
    assertThat(fakes.input("ADD", "portmap"))
        .contains("\"hostPort\":" + ports.getFirst().hostPort(), "\"name\":\"pond\"", "10.1.2.3");
    Networks next = Networks.open(config);
    assertThat(next.cached("c1").orElseThrow().ports()).isEqualTo(ports);
    next.gc(Set.of("c1"));
    assertThat(fakes.calls()).hasSize(3);
    networks.detach("c1");
    assertThat(fakes.calls()).endsWith("DEL portmap c1 eth1", "DEL frog c1 eth1");
  }

  @Test
  void portsThatAreNotPublishedYetArePublishedByTheNextDaemon() throws Exception {
    List<PublishedPort> ports = publishOnTheLake();
    fakes.mode("ADD", "portmap", "refuse");
    assertThatThrownBy(() -> networks.disconnect("c1", "lake"))
        .isInstanceOf(NetworkException.PluginFailed.class)
        .hasMessageContaining("portmap");
    // As after a kill between the two plugins.
    Networks next = Networks.open(config);
    fakes.mode("ADD", "portmap", "ok");
    fakes.forgetCalls();
    next.gc(Set.of("c1"));
    assertThat(fakes.calls()).endsWith("ADD portmap c1 eth1");
    assertThat(names(next.cached("c1").orElseThrow())).containsExactly("pond eth1");
    assertThat(next.cached("c1").orElseThrow().ports()).isEqualTo(ports);
    fakes.forgetCalls();
    next.gc(Set.of("c1"));
    assertThat(fakes.calls()).isEmpty();
  }

  @Test
  void whatCouldNotBeUndoneIsTriedAgain() throws Exception {
    attachToLake();
    connect("pond");
    fakes.mode("DEL", "frog", "refuse");
    assertThatThrownBy(() -> networks.disconnect("c1", "pond"))
        .isInstanceOf(NetworkException.PluginFailed.class);
    assertThat(names(networks.cached("c1").orElseThrow())).containsExactly("lake eth0");
    // As after a kill: the next process finds a join that is neither there nor gone.
    Networks next = Networks.open(config);
    fakes.mode("DEL", "frog", "ok");
    assertThat(next.gc(Set.of("c1"))).isEmpty();
    assertThat(fakes.calls()).endsWith("DEL frog c1 eth1");
    assertThat(names(next.cached("c1").orElseThrow())).containsExactly("lake eth0");
    int calls = fakes.calls().size();
    next.gc(Set.of("c1"));
    assertThat(fakes.calls()).hasSize(calls);
  }
}

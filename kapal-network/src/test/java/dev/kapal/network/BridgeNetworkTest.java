package dev.kapal.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The real plugins, in network namespaces of the test's own: the host's network is not touched. */
final class BridgeNetworkTest {
  @TempDir Path directory;
  private TestNetns netns;
  private NetworkConfig config;
  private Networks networks;

  @BeforeEach
  void open() throws Exception {
    TestNetns.assumePlugins();
    netns = TestNetns.open();
    config =
        NetworkConfig.below(directory)
            .withConfDirs(List.of(directory.resolve("net.d")))
            .withPluginDirs(List.of(Path.of("/usr/lib/cni")))
            .withProcNet(netns.procNet())
            .withRunner(netns.runner());
    networks = Networks.open(config);
  }

  @AfterEach
  void close() throws Exception {
    if (netns != null) {
      netns.close();
    }
  }

  private static String address(Attachment attachment, boolean v6) {
    return attachment.networks().getFirst().addresses().stream()
        .map(a -> a.address().address())
        .filter(a -> Addresses.isV6(a) == v6)
        .map(Addresses::text)
        .findFirst()
        .orElseThrow();
  }

  private long leases(String network) throws IOException {
    Path leases = directory.resolve("cni/leases").resolve(network);
    if (!Files.exists(leases)) {
      return 0;
    }
    try (var files = Files.list(leases)) {
      return files.filter(f -> Addresses.isAddress(f.getFileName().toString())).count();
    }
  }

  @Test
  void containersReachEachOtherAndLeaveNothing() throws Exception {
    networks.create(
        new NetworkSpec(
            "both",
            "bridge",
            List.of(Subnet.of("10.177.1.0/24"), Subnet.of("fd77:1::/64")),
            false,
            false,
            OptionalInt.of(1400),
            Optional.of("ktest0"),
            Map.of("who", "test"),
            Map.of()));
    Attachment one = networks.attach(AttachRequest.of("one", netns.add("c1"), "both", List.of()));
    Attachment two = networks.attach(AttachRequest.of("two", netns.add("c2"), "both", List.of()));

    assertThat(address(one, false)).startsWith("10.177.1.").isNotEqualTo(address(two, false));
    assertThat(one.networks().getFirst().ifName()).isEqualTo("eth0");
    assertThat(one.networks().getFirst().mac()).isPresent();
    assertThat(netns.in("c1", "ip", "link", "show", "eth0").output()).contains("mtu 1400");
    for (boolean v6 : new boolean[] {false, true}) {
      Process server = serve("c2", "tcp", 80);
      try {
        for (String client : List.of("c1", "host")) {
          assertThat(ask(client, address(two, v6), "tcp", 80)).as(client).isEqualTo("hi");
        }
      } finally {
        server.destroyForcibly();
      }
    }
    networks.check("one");
    assertThat(networks.cached("one")).contains(one);
    assertThat(Networks.open(config).cached("one")).contains(one);
    assertThatThrownBy(() -> networks.remove("both"))
        .isInstanceOf(NetworkException.InUse.class)
        .hasMessageContaining("one, two");

    networks.detach("one");
    networks.detach("two");
    networks.detach("two");
    assertThat(leases("both")).isZero();
    assertThat(networks.cached("one")).isEmpty();
    assertThat(netns.in("c1", "ip", "link", "show", "eth0").exitCode()).isNotZero();
    assertThat(netns.in("host", "nft", "list", "ruleset").output()).contains("masquerade");
    networks.remove("both");
    assertThat(netns.in("host", "ip", "link", "show", "ktest0").exitCode()).isNotZero();
    assertThat(netns.in("host", "nft", "list", "ruleset").output()).doesNotContain("masquerade");
    assertThat(netns.in("host", "ip", "-o", "link").output()).doesNotContain("veth");
  }

  @Test
  void detachesWhenTheNamespaceIsGone() throws Exception {
    networks.attach(AttachRequest.of("gone", netns.add("c1"), "bridge", List.of()));
    netns.remove("c1");
    networks.detach("gone");
    assertThat(leases("bridge")).isZero();
    assertThat(networks.attachments()).isEmpty();
  }

  @Test
  void theDefaultNetworkIsMadeAtFirstUseBesideTheHostsRoutes() throws Exception {
    netns.in("host", "ip", "link", "add", "d0", "type", "bridge");
    netns.in("host", "ip", "link", "set", "d0", "up");
    netns.in("host", "ip", "route", "add", "10.88.4.0/24", "dev", "d0");
    Attachment got =
        networks.attach(AttachRequest.of("first", netns.add("c1"), "bridge", List.of()));
    assertThat(address(got, false)).startsWith("10.213.");
    assertThat(networks.inspect("bridge").bridge()).contains("kapal0");
    assertThat(netns.in("c1", "ip", "route").output()).contains("default via 10.213.0.1");
  }

  /** A second machine behind a veth pair: 10.178.0.2, the host is 10.178.0.1 there. */
  private void makeWorld() throws Exception {
    netns.add("world");
    String world = Path.of(netns.path("world")).getFileName().toString();
    netns.in("host", "ip", "link", "add", "up0", "type", "veth", "peer", "name", "w0");
    netns.in("host", "ip", "link", "set", "w0", "netns", world);
    netns.in("host", "ip", "address", "add", "10.178.0.1/24", "dev", "up0");
    netns.in("host", "ip", "address", "add", "fd78::1/64", "dev", "up0", "nodad");
    netns.in("host", "ip", "link", "set", "up0", "up");
    netns.in("world", "ip", "address", "add", "10.178.0.2/24", "dev", "w0");
    netns.in("world", "ip", "address", "add", "fd78::2/64", "dev", "w0", "nodad");
    netns.in("world", "ip", "link", "set", "w0", "up");
  }

  @Test
  void aFirewallThatDropsWhatIsForwardedIsOpenedForTheBridge() throws Exception {
    makeWorld();
    netns.in("host", "iptables", "-P", "FORWARD", "DROP");
    Process local = serve("host", "tcp", 99);
    Attachment web =
        networks.attach(
            AttachRequest.of("web", netns.add("c1"), "bridge", List.of(PortMapping.parse("80"))));
    List<Process> servers = List.of(serve("c1", "tcp", 80), serve("world", "tcp", 81));
    try {
      assertThat(ask("c1", "10.178.0.2", "tcp", 81)).as("out of the bridge").isEqualTo("hi");
      assertThat(ask("world", "10.178.0.1", "tcp", web.ports().getFirst().hostPort()))
          .as("published port")
          .isEqualTo("hi");
      assertThat(ask("host", "127.0.0.1", "tcp", web.ports().getFirst().hostPort()))
          .as("published port through the host's loopback")
          .isEqualTo("hi");
      // What a container with CAP_NET_RAW could craft: packets for the host's loopback.
      assertThat(ask("host", "127.0.0.1", "tcp", 99)).isEqualTo("hi");
      netns.in("c1", "ip", "link", "set", "lo", "down");
      netns.in("c1", "ip", "address", "flush", "dev", "lo");
      netns.in("c1", "ip", "route", "del", "local", "127.0.0.0/8", "table", "local");
      String gateway =
          Addresses.text(networks.inspect("bridge").subnets().getFirst().gatewayOrFirst());
      netns.in("c1", "ip", "route", "add", "127.0.0.0/8", "via", gateway, "dev", "eth0");
      netns.in("c1", "sh", "-c", "echo 1 > /proc/sys/net/ipv4/conf/all/route_localnet");
      assertThat(connects("c1", "127.0.0.1", 99)).isFalse();
      String rules = netns.in("host", "nft", "list", "table", "ip", "kapal").output();
      String guard = rules.lines().filter(l -> l.contains("chain guard_")).findFirst().orElse("");
      netns.in("host", "nft", "flush", "chain", "ip", "kapal", guard.strip().split(" ")[1]);
      assertThat(connects("c1", "127.0.0.1", 99)).as("the rule is what held it off").isTrue();
    } finally {
      local.destroyForcibly();
      servers.forEach(Process::destroyForcibly);
    }
    networks.detach("web");
  }

  @Test
  void publishedPortsWorkOverBothFamiliesAndFromTheContainerItself() throws Exception {
    makeWorld();
    netns.in("world", "ip", "route", "add", "default", "via", "10.178.0.1");
    networks.create(
        NetworkSpec.bridge("both", Subnet.of("10.177.1.0/24"), Subnet.of("fd77:1::/64")));
    Attachment web =
        networks.attach(
            AttachRequest.of("web", netns.add("c1"), "both", List.of(PortMapping.parse("80"))));
    networks.attach(AttachRequest.of("other", netns.add("c2"), "both", List.of()));
    int port = web.ports().getFirst().hostPort();
    Process server = serve("c1", "tcp", 80);
    try {
      for (String host : List.of("10.178.0.1", "fd78::1")) {
        for (String client : List.of("world", "host", "c2", "c1")) {
          assertThat(ask(client, host, "tcp", port)).as(client + " to " + host).isEqualTo("hi");
        }
      }
      assertThat(ask("host", "127.0.0.1", "tcp", port)).isEqualTo("hi");
    } finally {
      server.destroyForcibly();
    }
    networks.check("web");
    assertThat(netns.in("host", "nft", "list", "ruleset").output()).contains("chain publish_");
    networks.detach("web");
    assertThat(netns.in("host", "nft", "list", "ruleset").output())
        .doesNotContain("publish_", "local_", "back_", "dport " + port);
    networks.detach("other");
  }

  @Test
  void publishedPortsGoWhereTheContainerGoes() throws Exception {
    networks.create(NetworkSpec.bridge("one", Subnet.of("10.177.2.0/24")));
    networks.create(NetworkSpec.bridge("two", Subnet.of("10.177.3.0/24")));
    networks.create(
        new NetworkSpec(
            "shut",
            "bridge",
            List.of(Subnet.of("10.177.4.0/24")),
            true,
            false,
            OptionalInt.empty(),
            Optional.empty(),
            Map.of(),
            Map.of()));
    List<PortMapping> ports = List.of(PortMapping.parse("80"));
    String c1 = netns.add("c1");
    int port =
        networks.attach(AttachRequest.of("web", c1, "one", ports)).ports().getFirst().hostPort();
    Process server = serve("c1", "tcp", 80);
    try {
      networks.connect("web", c1, NetworkRequest.of("shut"), ports);
      networks.connect("web", c1, NetworkRequest.of("two"), ports);
      assertThat(networks.disconnect("web", "one").orElseThrow().ports())
          .extracting(PublishedPort::hostPort)
          .containsExactly(port);
      assertThat(ask("host", "127.0.0.1", "tcp", port)).as("by the second network").isEqualTo("hi");
      assertThat(networks.disconnect("web", "two").orElseThrow().ports())
          .as("an internal network publishes nothing")
          .isEmpty();
      assertThat(connects("host", "127.0.0.1", port)).isFalse();
      assertThat(netns.in("host", "nft", "list", "ruleset").output()).doesNotContain("publish_");
      int again =
          networks
              .connect("web", c1, NetworkRequest.of("one"), ports)
              .ports()
              .getFirst()
              .hostPort();
      assertThat(ask("host", "127.0.0.1", "tcp", again)).as("one that it joined").isEqualTo("hi");
    } finally {
      server.destroyForcibly();
    }
    networks.detach("web");
    assertThat(netns.in("host", "nft", "list", "ruleset").output()).doesNotContain("publish_");
    assertThat(networks.prune()).contains("one", "two", "shut");
  }

  @Test
  void portsOfOtherProtocolsGoWithThem() throws Exception {
    networks.create(NetworkSpec.bridge("one", Subnet.of("10.177.2.0/24")));
    networks.create(NetworkSpec.bridge("two", Subnet.of("10.177.3.0/24")));
    List<PortMapping> ports =
        List.of(PortMapping.parse("80"), PortMapping.parse("53/udp"), PortMapping.parse("99/sctp"));
    String c1 = netns.add("c1");
    List<PublishedPort> published =
        networks.attach(AttachRequest.of("web", c1, "one", ports)).ports();
    int tcp = published.get(0).hostPort();
    int udp = published.get(1).hostPort();
    String sctp = "sctp dport " + published.get(2).hostPort();
    List<Process> servers = List.of(serve("c1", "tcp", 80), serve("c1", "udp", 53));
    try {
      networks.connect("web", c1, NetworkRequest.of("two"), ports);
      assertThat(ask("host", "127.0.0.1", "udp", udp)).as("by the first").isEqualTo("hi");
      assertThat(networks.disconnect("web", "one").orElseThrow().ports()).isEqualTo(published);
      assertThat(ask("host", "127.0.0.1", "udp", udp)).as("by the second").isEqualTo("hi");
      assertThat(ask("host", "127.0.0.1", "tcp", tcp)).as("by the second").isEqualTo("hi");
      assertThat(rules()).contains(sctp).contains("10.177.3.").doesNotContain("10.177.2.2:");
      // There and back, to where the container had them first.
      networks.connect("web", c1, NetworkRequest.of("one"), ports);
      assertThat(networks.disconnect("web", "two").orElseThrow().ports()).isEqualTo(published);
      assertThat(ask("host", "127.0.0.1", "udp", udp)).as("by the first again").isEqualTo("hi");
      assertThat(networks.disconnect("web", "one")).isEmpty();
      assertThat(rules()).doesNotContain("dport " + udp, "dport " + tcp, sctp);
      List<PublishedPort> again =
          networks.connect("web", c1, NetworkRequest.of("two"), ports).ports();
      assertThat(ask("host", "127.0.0.1", "udp", again.get(1).hostPort()))
          .as("one that it joined")
          .isEqualTo("hi");
    } finally {
      servers.forEach(Process::destroyForcibly);
    }
    networks.detach("web");
    assertThat(rules()).doesNotContain("dport ");
    assertThat(networks.prune()).contains("one", "two");
  }

  /** What translates addresses, by whatever program it was written. */
  private String rules() throws Exception {
    return netns.in("host", "nft", "list", "ruleset").output()
        + netns.in("host", "iptables", "-t", "nat", "-S").output().replace("--dport", "dport");
  }

  @Test
  void networksAreApartFromEachOther() throws Exception {
    networks.create(NetworkSpec.bridge("red"));
    networks.create(NetworkSpec.bridge("blue"));
    Attachment red =
        networks.attach(
            AttachRequest.of("red", netns.add("c1"), "red", List.of(PortMapping.parse("80"))));
    networks.attach(AttachRequest.of("blue", netns.add("c2"), "blue", List.of()));
    Process server = serve("c1", "tcp", 80);
    try {
      assertThat(ask("host", address(red, false), "tcp", 80)).isEqualTo("hi");
      assertThat(connects("c2", address(red, false), 80)).isFalse();
      String gateway =
          Addresses.text(networks.inspect("red").subnets().getFirst().gatewayOrFirst());
      assertThat(ask("c2", gateway, "tcp", red.ports().getFirst().hostPort()))
          .as("a published port is for everybody")
          .isEqualTo("hi");
    } finally {
      server.destroyForcibly();
    }
  }

  private boolean connects(String where, String host, int port) throws Exception {
    String script =
        "import socket; s=socket.socket(); s.settimeout(1.5); s.connect(('%s',%d))"
            .formatted(host, port);
    return netns.in(where, "python3", "-c", script).exitCode() == 0;
  }

  @Test
  void rulesThroughIptablesComeAndGo() throws Exception {
    for (boolean internal : new boolean[] {false, true}) {
      BridgeRules rules =
          new BridgeRules("0123456789ab", "kt0", List.of(IpPrefix.parse("10.9.0.0/24")), internal);
      IptablesRules through =
          new IptablesRules(
              new HostPrograms(netns.runner()), HostPrograms.find("iptables").orElseThrow());
      netns.in("host", "iptables", "-P", "FORWARD", "DROP");
      for (int twice = 0; twice < 2; twice++) {
        through.ensureOwn(rules, false);
        through.ensureForwarding(rules);
      }
      String filter = netns.in("host", "iptables", "-S", "FORWARD").output();
      String nat = netns.in("host", "iptables", "-t", "nat", "-S").output();
      assertThat(filter.lines().filter(l -> l.contains("kt0"))).hasSize(internal ? 2 : 3);
      assertThat(netns.in("host", "iptables", "-t", "mangle", "-S").output())
          .contains("127.0.0.0/8");
      assertThat(nat.lines().filter(l -> l.contains("MASQUERADE"))).hasSize(internal ? 0 : 1);
      through.remove(rules, false);
      assertThat(netns.in("host", "iptables", "-S", "FORWARD").output()).doesNotContain("kt0");
      assertThat(netns.in("host", "iptables", "-t", "nat", "-S").output())
          .doesNotContain("MASQUERADE");
    }
  }

  @Test
  void publishedPortsAreReachable() throws Exception {
    makeWorld();
    Attachment web =
        networks.attach(
            AttachRequest.of(
                "web",
                netns.add("c1"),
                "bridge",
                List.of(PortMapping.parse("80"), PortMapping.parse("53/udp"))));
    assertThat(web.ports()).hasSize(2);
    int tcp = web.ports().get(0).hostPort();
    int udp = web.ports().get(1).hostPort();
    List<Process> servers =
        new ArrayList<>(List.of(serve("c1", "tcp", 80), serve("c1", "udp", 53)));
    try {
      for (String client : List.of("world", "host")) {
        assertThat(ask(client, "10.178.0.1", "tcp", tcp)).as("tcp from " + client).isEqualTo("hi");
        assertThat(ask(client, "10.178.0.1", "udp", udp)).as("udp from " + client).isEqualTo("hi");
      }
      // Through the masquerade to the world.
      netns.in("world", "ip", "route", "del", "default");
      servers.add(serve("world", "tcp", 81));
      assertThat(ask("c1", "10.178.0.2", "tcp", 81)).as("out of the bridge").isEqualTo("hi");
    } finally {
      servers.forEach(Process::destroyForcibly);
    }
    assertThatThrownBy(() ->
            networks.attach(
                AttachRequest.of(
                    "other",
                    netns.add("c2"),
                    "bridge",
                    List.of(PortMapping.of(tcp, 80, Protocol.TCP)))))
        .isInstanceOf(NetworkException.Conflict.class)
        .hasMessageContaining("already published by container web");
    networks.detach("web");
    assertThat(netns.in("host", "iptables", "-t", "nat", "-S").output())
        .doesNotContain("dport " + tcp);
  }

  private Process serve(String where, String protocol, int port) throws IOException {
    String script =
        protocol.equals("tcp")
            ? """
            import socket
            s=socket.socket(socket.AF_INET6)
            s.setsockopt(socket.SOL_SOCKET,socket.SO_REUSEADDR,1)
            s.bind(('::',%d))
            s.listen()
            while True:
             c,_=s.accept()
             c.sendall(b'hi')
             c.close()
            """
            : """
            import socket
            s=socket.socket(socket.AF_INET,socket.SOCK_DGRAM)
            s.bind(('0.0.0.0',%d))
            while True:
             d,a=s.recvfrom(9)
             s.sendto(b'hi',a)
            """;
    return new ProcessBuilder(
            "nsenter", "--net=" + netns.path(where), "python3", "-c", script.formatted(port))
        .inheritIO()
        .start();
  }

  private String ask(String where, String host, String protocol, int port) throws Exception {
    String kind = protocol.equals("tcp") ? "SOCK_STREAM" : "SOCK_DGRAM";
    String family = host.contains(":") ? "AF_INET6" : "AF_INET";
    String script =
        """
        import socket,time
        for i in range(60):
         try:
          s=socket.socket(socket.%s,socket.%s); s.settimeout(1); s.connect(('%s',%d))
          s.send(b'x'); r=s.recv(9)
          if r: print(r.decode(),end=''); break
         except OSError: time.sleep(0.1)
        """
            .formatted(family, kind, host, port);
    return netns.in(where, "python3", "-c", script).output();
  }

  @Test
  void aFixedAddressAndNameAreGivenOrRefused() throws Exception {
    networks.create(NetworkSpec.bridge("fixed", Subnet.of("10.177.9.0/24")));
    NetworkRequest wanted =
        new NetworkRequest(
            "fixed",
            Optional.of("net7"),
            List.of(InetAddress.ofLiteral("10.177.9.77")),
            Optional.of("02:42:ac:11:00:99"),
            List.of("db"));
    String one = netns.add("c1");
    Attachment got =
        networks.attach(
            new AttachRequest("a", one, List.of(wanted), List.of(), Map.of(), Map.of()));
    assertThat(address(got, false)).isEqualTo("10.177.9.77");
    assertThat(got.networks().getFirst().aliases()).containsExactly("db");
    assertThat(netns.in("c1", "ip", "link", "show", "net7").output()).contains("02:42:ac:11:00:99");
    String two = netns.add("c2");
    AttachRequest again =
        new AttachRequest("b", two, List.of(wanted), List.of(), Map.of(), Map.of());
    assertThatThrownBy(() -> networks.attach(again))
        .isInstanceOf(NetworkException.PluginFailed.class)
        .hasMessageContaining("10.177.9.77");
    assertThat(networks.cached("b")).isEmpty();
    assertThat(leases("fixed")).isEqualTo(1);
    assertThat(netns.in("c2", "ip", "-o", "link").output()).doesNotContain("net7");
  }

  @Test
  void anInternalNetworkHasNoWayOut() throws Exception {
    NetworkSpec spec =
        new NetworkSpec(
            "inside",
            "bridge",
            List.of(Subnet.of("10.177.3.0/24")),
            true,
            false,
            OptionalInt.empty(),
            Optional.empty(),
            Map.of(),
            Map.of());
    networks.create(spec);
    networks.attach(AttachRequest.of("in", netns.add("c1"), "inside", List.of()));
    assertThat(netns.in("c1", "ip", "route").output()).doesNotContain("default");
    assertThatThrownBy(() ->
            networks.attach(
                AttachRequest.of("p", netns.add("c2"), "inside", List.of(PortMapping.parse("80")))))
        .isInstanceOf(NetworkException.Invalid.class)
        .hasMessageContaining("not internal");
  }

  @Test
  void manyAtOnceReturnAllAddresses() throws Exception {
    int count = 50;
    List<String> paths = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      paths.add(netns.add("m" + i));
    }
    List<Callable<String>> work = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      String id = "m" + i;
      String path = paths.get(i);
      work.add(() -> {
        Attachment got = networks.attach(AttachRequest.of(id, path, "bridge", List.of()));
        return address(got, false);
      });
    }
    Set<String> addresses = new HashSet<>();
    try (var pool = Executors.newFixedThreadPool(16)) {
      for (var result : pool.invokeAll(work)) {
        addresses.add(result.get());
      }
      assertThat(addresses).hasSize(count);
      assertThat(leases("bridge")).isEqualTo(count);
      List<Callable<Boolean>> undo = new ArrayList<>();
      for (int i = 0; i < count; i++) {
        String id = "m" + i;
        undo.add(() -> {
          networks.detach(id);
          return true;
        });
      }
      for (var result : pool.invokeAll(undo)) {
        assertThat(result.get()).isTrue();
      }
    }
    assertThat(leases("bridge")).isZero();
    assertThat(netns.in("host", "ip", "-o", "link").output()).doesNotContain("veth");
  }
}

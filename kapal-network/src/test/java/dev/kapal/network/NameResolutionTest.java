package dev.kapal.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class NameResolutionTest {
  @TempDir Path directory;

  private static final ResolvConf NOTHING = new ResolvConf(List.of(), List.of(), List.of());

  @Test
  void readsWhatTheLibraryReads() {
    ResolvConf read =
        ResolvConf.parse(
            """
            # comment
            ; comment
            nameserver 10.0.0.1
            nameserver\tfe80::1%eth0   # the router
            domain old.example
            search a.example b.example
            options ndots:5 timeout:1
            options rotate ndots:5
            sortlist 1.2.3.4
            nameserver
            """);
    assertThat(read.nameservers()).containsExactly("10.0.0.1", "fe80::1%eth0");
    assertThat(read.search()).containsExactly("a.example", "b.example");
    assertThat(read.options()).containsExactly("ndots:5", "timeout:1", "rotate");
    assertThat(ResolvConf.parse(read.text())).isEqualTo(read);
  }

  @Test
  void loopbackServersAreReplacedOrDropped() throws Exception {
    Path etc = directory.resolve("etc");
    Path resolved = directory.resolve("resolved");
    Files.writeString(etc, "nameserver 127.0.0.53\nsearch x.example\n");
    assertThat(NetworkFiles.hostResolvConf(etc, resolved).onlyLoopback()).isTrue();
    assertThat(
            ResolvConf.forContainer(NetworkFiles.hostResolvConf(etc, resolved), NOTHING)
                .nameservers())
        .containsExactly("8.8.8.8", "8.8.4.4");
    Files.writeString(resolved, "nameserver 10.9.8.7\n");
    assertThat(NetworkFiles.hostResolvConf(etc, resolved).nameservers())
        .containsExactly("10.9.8.7");
    Files.writeString(etc, "nameserver 127.0.0.1\nnameserver ::1\nnameserver 10.1.1.1\n");
    ResolvConf host = NetworkFiles.hostResolvConf(etc, resolved);
    assertThat(ResolvConf.forContainer(host, NOTHING).nameservers()).containsExactly("10.1.1.1");
    assertThat(NetworkFiles.hostResolvConf(directory.resolve("no"), resolved)).isEqualTo(NOTHING);
  }

  @Test
  void askedValuesComeFirst() {
    ResolvConf host =
        new ResolvConf(List.of("10.0.0.1"), List.of("host.example"), List.of("ndots:2"));
    ResolvConf asked = new ResolvConf(List.of("127.0.0.1"), List.of("."), List.of("rotate"));
    assertThat(ResolvConf.forContainer(host, asked))
        .isEqualTo(new ResolvConf(List.of("127.0.0.1"), List.of(), List.of("rotate")));
    for (ResolvConf bad :
        List.of(
            new ResolvConf(List.of("dns.example"), List.of(), List.of()),
            new ResolvConf(List.of(), List.of("a\nnameserver 6.6.6.6"), List.of()),
            new ResolvConf(List.of(), List.of(), List.of("")))) {
      assertThatThrownBy(bad::validated).isInstanceOf(NetworkException.Invalid.class);
    }
  }

  @Test
  void hostsNamesTheContainer() {
    HostsFile file =
        HostsFile.forContainer(
            List.of(InetAddress.ofLiteral("10.1.2.3"), InetAddress.ofLiteral("fd00::3")),
            List.of("web.example", "web", "web", ""),
            HostsFile.parseAdded("db:10.9.9.9", List.of()));
    assertThat(file.text())
        .startsWith("127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n")
        .endsWith("10.9.9.9\tdb\n10.1.2.3\tweb.example web\nfd00::3\tweb.example web\n");
  }

  @Test
  void addedHostsTakeAllForms() {
    List<InetAddress> gateway = List.of(InetAddress.ofLiteral("10.88.0.1"));
    assertThat(text("db:1.2.3.4", gateway)).isEqualTo("1.2.3.4 [db]");
    assertThat(text("db=1.2.3.4", gateway)).isEqualTo("1.2.3.4 [db]");
    assertThat(text("db:::1", gateway)).isEqualTo("::1 [db]");
    assertThat(text("db=[fd00::1]", gateway)).isEqualTo("fd00::1 [db]");
    assertThat(text("db;sql:1.2.3.4", gateway)).isEqualTo("1.2.3.4 [db, sql]");
    assertThat(text("host.docker.internal:host-gateway", gateway))
        .isEqualTo("10.88.0.1 [host.docker.internal]");
    for (String bad :
        List.of("db", "db:", ":1.2.3.4", "db:1.2.3", "a b:1.2.3.4", "a\n:1.2.3.4", "db:x")) {
      assertThatThrownBy(() -> HostsFile.parseAdded(bad, gateway))
          .as(bad)
          .isInstanceOf(NetworkException.Invalid.class);
    }
    assertThatThrownBy(() -> HostsFile.parseAdded("h:host-gateway", List.of()))
        .hasMessageContaining("gateway");
  }

  private static String text(String added, List<InetAddress> gateway) {
    HostsFile.Entry entry = HostsFile.parseAdded(added, gateway).getFirst();
    return Addresses.text(entry.address()) + " " + entry.names();
  }

  private static Attachment on(String id, String address, String network, String... aliases) {
    JoinedNetwork joined =
        new JoinedNetwork(
            network,
            "eth0",
            List.of(),
            List.of(
                new JoinedNetwork.Address(
                    IpPrefix.parse(address), Optional.empty(), OptionalInt.empty())),
            List.of(),
            JoinedNetwork.Dns.NONE,
            List.of(aliases),
            "{}");
    return new Attachment(id, "/x", List.of(joined), List.of());
  }

  @Test
  void peersOfTheSameNetworkHaveNames() {
    List<Attachment> all =
        List.of(
            on("a", "10.1.0.2/24", "red"),
            on("b", "10.1.0.3/24", "red", "db", "b"),
            on("c", "10.2.0.2/24", "blue"),
            on("d", "10.88.0.2/16", "bridge"),
            on("e", "10.88.0.3/16", "bridge"));
    String text = new HostsFile(List.of()).and(Peers.of("a", all, List::of)).text();
    assertThat(text).isEqualTo("10.1.0.3\tb db\n");
    assertThat(Peers.of("d", all, List::of)).isEmpty();
    assertThat(Peers.of("unknown", all, List::of)).isEmpty();
  }

  @Test
  void filesAreReplacedWhole() throws Exception {
    Path file = directory.resolve("hosts");
    NetworkFiles.write(file, "one\n", "rw-r--r--");
    Object inode = Files.getAttribute(file, "unix:ino");
    NetworkFiles.rewrite(file, "2\n");
    assertThat(file).hasContent("2\n");
    assertThat(Files.getAttribute(file, "unix:ino")).isEqualTo(inode);
    NetworkFiles.write(file, "three\n", "rw-------");
    assertThat(file).hasContent("three\n");
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
        .isEqualTo("rw-------");
    Path victim = Files.writeString(directory.resolve("victim"), "safe");
    Path link = Files.createSymbolicLink(directory.resolve("link"), victim);
    assertThatThrownBy(() -> NetworkFiles.rewrite(link, "x"))
        .isInstanceOf(NetworkException.State.class);
    NetworkFiles.write(link, "x", "rw-r--r--");
    assertThat(victim).hasContent("safe");
    try (var left = Files.list(directory)) {
      assertThat(left.map(p -> p.getFileName().toString()))
          .containsExactlyInAnyOrder("hosts", "victim", "link");
    }
  }

  @Test
  void addressesReadBackInTheShortestForm() throws Exception {
    Random random = new Random(3);
    for (int i = 0; i < 20_000; i++) {
      byte[] bytes = new byte[random.nextInt(4) == 0 ? 4 : 16];
      for (int j = 0; j < bytes.length; j++) {
        bytes[j] = (byte) (random.nextInt(3) == 0 ? random.nextInt(256) : 0);
      }
      InetAddress address = Addresses.of(bytes);
      assertThat(Addresses.parse(Addresses.text(address))).isEqualTo(address);
    }
    assertThat(Addresses.text(InetAddress.ofLiteral("2001:db8:0:0:1:0:0:1")))
        .isEqualTo("2001:db8::1:0:0:1");
    assertThat(Addresses.text(InetAddress.ofLiteral("::"))).isEqualTo("::");
    assertThat(Addresses.text(InetAddress.ofLiteral("1:0:2:3:4:5:6:7")))
        .isEqualTo("1:0:2:3:4:5:6:7");
  }
}

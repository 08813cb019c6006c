package dev.kapal.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.NetworkInterface;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class ConfigurationTest {
  @TempDir Path directory;
  private final List<String> ran = new ArrayList<>();

  private Networks networks() {
    return networks(NetworkDefaults.NONE);
  }

  private Networks networks(NetworkDefaults defaults) {
    return Networks.open(
        NetworkConfig.below(directory)
            .withConfDirs(List.of(directory.resolve("net.d")))
            .withRunner(this::pretend)
            .withDefaults(defaults)
            .withProcNet(directory.resolve("proc")));
  }

  /** Notes what would be run: this test leaves the host's devices and rules alone. */
  private PluginRunner.Outcome pretend(
      List<String> argv, Map<String, String> environment, byte[] input, Duration timeout) {
    ran.add(
        Path.of(argv.getFirst()).getFileName()
            + " "
            + String.join(" ", argv.subList(1, argv.size())));
    return new PluginRunner.Outcome(argv.contains("-D") ? 1 : 0, false, "", "", false);
  }

  private static NetworkSpec spec(String driver, Map<String, String> options, Subnet... subnets) {
    return new NetworkSpec(
        "n",
        driver,
        List.of(subnets),
        false,
        false,
        OptionalInt.empty(),
        Optional.empty(),
        Map.of("a", "b"),
        options);
  }

  @Test
  void aNetworkIsCreatedInspectedAndRemoved() throws Exception {
    Networks networks = networks();
    Subnet subnet =
        new Subnet(
            IpPrefix.parse("10.5.0.9/16"),
            Optional.of(Addresses.parse("10.5.0.254")),
            Optional.of(IpPrefix.parse("10.5.255.0/24")));
    Network made = networks.create(spec("macvlan", Map.of("parent", "eth7"), subnet));
    assertThat(made.driver()).isEqualTo("macvlan");
    assertThat(made.subnets()).containsExactly(subnet);
    assertThat(made.labels()).containsEntry("a", "b");
    assertThat(made.options()).containsEntry("parent", "eth7");
    String text = Files.readString(directory.resolve("networks/n.conflist"));
    assertThat(text)
        .contains("\"master\" : \"eth7\"", "10.5.255.0", "10.5.255.254")
        .contains("\"gateway\" : \"10.5.0.254\"");
    assertThat(networks.inspect("n")).isEqualTo(made);
    assertThat(networks.inspect(made.id().substring(0, 8))).isEqualTo(made);
    assertThatThrownBy(() -> networks.create(spec("bridge", Map.of())))
        .isInstanceOf(NetworkException.Conflict.class);
    networks.remove("n");
    assertThatThrownBy(() -> networks.inspect("n"))
        .isInstanceOf(NetworkException.NotFound.class)
        .hasMessageContaining("there are bridge, host, none");
  }

  @Test
  void subnetsKeepOutOfEachOthersWay() throws Exception {
    Files.createDirectories(directory.resolve("proc"));
    Files.writeString(
        directory.resolve("proc/route"),
        """
        Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT
        eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0
        eth0\t000200C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0
        vpn0\t0000D60A\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0
        """);
    Networks networks = networks();
    assertThatThrownBy(() -> networks.create(spec("bridge", Map.of(), Subnet.of("10.214.0.0/16"))))
        .isInstanceOf(NetworkException.Conflict.class);
    assertThatThrownBy(() -> networks.create(spec("bridge", Map.of(), Subnet.of("10.0.0.0/8"))))
        .isInstanceOf(NetworkException.Conflict.class)
        .hasMessageContaining("vpn0");
    List<IpPrefix> chosen = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      Network made = networks.create(NetworkSpec.bridge("n" + i));
      chosen.add(made.subnets().getFirst().prefix());
    }
    assertThat(chosen).doesNotHaveDuplicates().allMatch(p -> p.toString().startsWith("172.30."));
    assertThat(ran).as("creating runs nothing").isEmpty();
    assertThat(networks.prune()).hasSize(20);
    assertThat(ran.stream().filter(c -> c.startsWith("ip link delete dev kapal-")))
        .hasSize(HostPrograms.find("ip").isPresent() ? 20 : 0);
    assertThat(networks.list()).extracting(Network::name).containsExactly("bridge", "host", "none");
  }

  @Test
  void aVpnThatClaimsEverythingLeavesSomething() {
    List<IpPrefix> wide =
        List.of(
            IpPrefix.parse("0.0.0.0/0"),
            IpPrefix.parse("10.0.0.0/8"),
            IpPrefix.parse("172.16.0.0/12"),
            IpPrefix.parse("10.88.3.0/24"));
    assertThat(new SubnetChooser(wide, List.of()).forDefault().toString())
        .isEqualTo("192.168.213.0/24");
    List<IpPrefix> all = new ArrayList<>(wide);
    all.add(IpPrefix.parse("192.168.0.0/16"));
    assertThat(new SubnetChooser(all, List.of()).forDefault().toString())
        .isEqualTo("10.213.0.0/16");
    assertThat(new SubnetChooser(List.of(), List.of()).forIpv6().toString())
        .startsWith("fd")
        .endsWith("/64");
  }

  private static List<String> prefixes(Network network) {
    return network.subnets().stream().map(s -> s.prefix().toString()).toList();
  }

  @Test
  void configuredSubnetsAreUsedInOrderAndNoOthers() throws Exception {
    Files.createDirectories(directory.resolve("proc"));
    Files.writeString(
        directory.resolve("proc/route"),
        """
        Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT
        vpn0\t0000000A\t00000000\t0001\t0\t0\t0\t000000FF\t0\t0\t0
        eth1\t0001C80A\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0
        """);
    List<IpPrefix> subnets =
        List.of(
            IpPrefix.parse("10.200.0.9/23"),
            IpPrefix.parse("192.0.2.64/26"),
            IpPrefix.parse("fd00:1::/63"));
    Networks networks = networks(new NetworkDefaults(subnets, OptionalInt.of(1380), true));
    Network first = networks.create(NetworkSpec.bridge("one"));
    assertThat(prefixes(first))
        .as("10.200.1.0/24 is the host's; a route as wide as a VPN's is not in the way")
        .containsExactly("10.200.0.0/24", "fd00:1::/64");
    assertThat(first.mtu()).hasValue(1380);
    assertThat(Files.readString(directory.resolve("networks/one.conflist")))
        .contains("\"mtu\" : 1380");
    Network second = networks.create(NetworkSpec.bridge("two"));
    assertThat(prefixes(second)).containsExactly("192.0.2.64/26", "fd00:1:0:1::/64");
    assertThatThrownBy(() -> networks.create(NetworkSpec.bridge("three")))
        .isInstanceOf(NetworkException.Conflict.class)
        .hasMessageContaining("10.200.0.0/23, 192.0.2.64/26")
        .hasMessageContaining("--subnet");
    assertThat(
            prefixes(
                networks.create(
                    spec("macvlan", Map.of("parent", "eth7"), Subnet.of("10.9.0.0/24")))))
        .as("a network on somebody else's wire gets nothing of its own accord")
        .containsExactly("10.9.0.0/24");
    assertThat(networks.inspect("n").mtu()).isEmpty();
    assertThatThrownBy(() ->
            new NetworkDefaults(List.of(IpPrefix.parse("10.0.0.0/31")), OptionalInt.empty(), false))
        .isInstanceOf(NetworkException.Invalid.class);
  }

  @Test
  void theMtuIsThatOfTheDefaultRoute() throws Exception {
    Optional<NetworkInterface> device =
        NetworkInterface.networkInterfaces()
            .filter(d -> !d.getName().startsWith("lo") && !d.getName().contains(":"))
            .findFirst();
    Assumptions.assumeTrue(device.isPresent(), "needs a network device beside the loopback");
    Files.createDirectories(directory.resolve("proc"));
    Files.writeString(
        directory.resolve("proc/route"),
        "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n"
            + "none7\t00000000\t010200C0\t0003\t0\t0\t600\t00000000\t0\t0\t0\n"
            + device.get().getName()
            + "\t00000000\t010200C0\t0003\t0\t0\t100\t00000000\t0\t0\t0\n");
    assertThat(HostMtu.defaultDevice(directory.resolve("proc"))).contains(device.get().getName());
    assertThat(networks().create(NetworkSpec.bridge("one")).mtu()).hasValue(device.get().getMTU());
    Files.delete(directory.resolve("proc/route"));
    assertThat(networks().create(NetworkSpec.bridge("two")).mtu()).isEmpty();
  }

  @Test
  void badSpecificationsChangeNothing() {
    Networks networks = networks();
    List<NetworkSpec> bad =
        List.of(
            NetworkSpec.bridge("../x"),
            NetworkSpec.bridge(""),
            NetworkSpec.bridge("host"),
            NetworkSpec.bridge("bridge"),
            NetworkSpec.bridge("n", Subnet.of("10.1.0.0/24"), Subnet.of("10.1.0.128/25")),
            NetworkSpec.bridge("n", Subnet.of("10.1.0.0/31")),
            spec("../bridge", Map.of()),
            spec("bridge", Map.of("vlan", "x")),
            spec("bridge", Map.of("colour", "red")),
            new NetworkSpec(
                "n",
                "bridge",
                List.of(),
                false,
                false,
                OptionalInt.of(1),
                Optional.empty(),
                Map.of(),
                Map.of()),
            new NetworkSpec(
                "n",
                "bridge",
                List.of(),
                false,
                false,
                OptionalInt.empty(),
                Optional.of("a-name-too-long-x"),
                Map.of(),
                Map.of()),
            new NetworkSpec(
                "n",
                "macvlan",
                List.of(),
                false,
                false,
                OptionalInt.empty(),
                Optional.of("br0"),
                Map.of(),
                Map.of()));
    for (NetworkSpec spec : bad) {
      assertThatThrownBy(() -> networks.create(spec))
          .as(spec.toString())
          .isInstanceOf(NetworkException.class);
    }
    assertThat(networks.list()).hasSize(3);
    for (String builtIn : List.of("bridge", "host", "none")) {
      assertThatThrownBy(() -> networks.remove(builtIn)).hasMessageContaining("built in");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"0.2.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0"})
  void resultsKeepTheirMeaningInEveryVersion(String version) {
    CniResult result =
        CniResult.parse(
            Json.parseObject(
                "r",
                """
                {"cniVersion":"1.1.0","interfaces":[{"name":"eth0","mac":"02:00:00:00:00:01","sandbox":"/x"}],
                 "ips":[{"address":"10.1.2.3/24","gateway":"10.1.2.1","interface":0},
                        {"address":"fd00::3/64","interface":0}],
                 "routes":[{"dst":"0.0.0.0/0"},{"dst":"::/0","gw":"fd00::1"}],
                 "dns":{"nameservers":["1.1.1.1"],"domain":"d","search":["s"],"options":["o"]}}
                """));
    var json = result.toJson(version);
    CniResult back = CniResult.parse(json);
    assertThat(back.routes()).containsExactlyInAnyOrderElementsOf(result.routes());
    assertThat(back.dns()).isEqualTo(result.dns());
    assertThat(back.addresses())
        .extracting(a -> a.address().toString())
        .containsExactly("10.1.2.3/24", "fd00::3/64");
    assertThat(json.has("ip4")).isEqualTo(version.equals("0.2.0"));
    assertThat(json.path("ips").path(0).has("version"))
        .isEqualTo(version.startsWith("0.3") || version.equals("0.4.0"));
  }

  @Test
  void singleConfigurationsAreListsOfOne() {
    NetworkList list =
        NetworkList.parse(
            "{\"cniVersion\":\"0.4.0\",\"name\":\"x\",\"type\":\"bridge\",\"ipam\":{\"subnet\":\"10.9.0.0/16\"}}",
            "x.conf",
            Instant.EPOCH);
    assertThat(list.plugins()).hasSize(1);
    assertThat(list.bridge()).contains("cni0");
    assertThat(list.describe().subnets()).containsExactly(Subnet.of("10.9.0.0/16"));
    assertThat(list.managed()).isFalse();
  }

  @Test
  void prefixesKnowWhatTheyHold() {
    IpPrefix p = IpPrefix.parse("10.88.1.2/16");
    assertThat(p.network().toString()).isEqualTo("10.88.0.0/16");
    assertThat(p.nth(258).getHostAddress()).isEqualTo("10.88.1.2");
    assertThat(p.overlaps(IpPrefix.parse("10.0.0.0/8"))).isTrue();
    assertThat(p.overlaps(IpPrefix.parse("10.89.0.0/16"))).isFalse();
    assertThat(p.overlaps(IpPrefix.parse("::/0"))).isFalse();
    for (String bad :
        List.of(
            "10.0.0.0/33",
            "10.0.0.0/",
            "10.0.0.0/x",
            "::/129",
            "/8",
            "10.0.0.0/-1",
            "10.0.0.0/+8")) {
      assertThatThrownBy(() -> IpPrefix.parse(bad))
          .as(bad)
          .isInstanceOf(NetworkException.Invalid.class);
    }
  }
}

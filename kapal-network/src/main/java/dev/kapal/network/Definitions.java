package dev.kapal.network;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/** The networks that are configured: Kapal's own and the administrators'. */
final class Definitions {
  private final NetworkConfig config;
  private final NetworkFactory factory;

  Definitions(NetworkConfig config) {
    this.config = config;
    this.factory = new NetworkFactory(leases(config));
  }

  static Path leases(NetworkConfig config) {
    return config.stateDir().resolve("leases");
  }

  private Path file(String name) {
    return config.networksDir().resolve(name + ".conflist");
  }

  /** A configured network; {@code bridge} is made at its first use. */
  NetworkList require(String name) {
    if (name.equals(Network.HOST) || name.equals(Network.NONE)) {
      throw new NetworkException.Invalid(
          "network \"" + name + "\" is not attached to: it has no interfaces of its own");
    }
    Names.network(name);
    Optional<NetworkList> own = new NetworkDirectory(config.networksDir()).readOne(file(name));
    if (own.isPresent()) {
      return own.get();
    }
    if (name.equals(Network.BRIDGE)) {
      return createDefault();
    }
    return foreign().stream()
        .filter(n -> n.name().equals(name))
        .findFirst()
        .orElseThrow(() -> notFound(name));
  }

  private synchronized NetworkList createDefault() {
    Optional<NetworkList> own =
        new NetworkDirectory(config.networksDir()).readOne(file(Network.BRIDGE));
    return own.isPresent() ? own.get() : write(complete(NetworkFactory.defaultSpec()));
  }

  NetworkException.NotFound notFound(String name) {
    return new NetworkException.NotFound(
        "there is no network \""
            + name
            + "\": there are "
            + String.join(", ", describe().stream().map(Network::name).toList()));
  }

  List<NetworkList> foreign() {
    List<NetworkList> out = new ArrayList<>();
    for (Path directory : config.confDirs()) {
      out.addAll(new NetworkDirectory(directory).read());
    }
    return out;
  }

  private List<NetworkList> own() {
    return new NetworkDirectory(config.networksDir()).read();
  }

  /** All networks that have a configuration, Kapal's own first. */
  List<NetworkList> all() {
    List<NetworkList> out = new ArrayList<>(own());
    for (NetworkList list : foreign()) {
      if (out.stream().noneMatch(o -> o.name().equals(list.name()))) {
        out.add(list);
      }
    }
    return out;
  }

  List<Network> describe() {
    List<Network> rest =
        all().stream()
            .map(NetworkList::describe)
            .sorted(Comparator.comparing(Network::name))
            .toList();
    List<Network> out = new ArrayList<>();
    out.add(
        rest.stream()
            .filter(n -> n.name().equals(Network.BRIDGE))
            .findFirst()
            .orElseGet(() -> builtIn(Network.BRIDGE, "bridge")));
    out.add(builtIn(Network.HOST, "host"));
    out.add(builtIn(Network.NONE, "null"));
    rest.stream().filter(n -> !n.builtIn()).forEach(out::add);
    return out;
  }

  private static Network builtIn(String name, String driver) {
    return new Network(
        name,
        Names.id(name),
        driver,
        List.of(),
        List.of(),
        false,
        OptionalInt.empty(),
        name.equals(Network.BRIDGE)
            ? Optional.of(NetworkFactory.BRIDGE_PREFIX + "0")
            : Optional.empty(),
        Map.of(),
        Map.of(),
        Optional.empty(),
        true,
        Instant.EPOCH);
  }

  synchronized NetworkList create(NetworkSpec spec) {
    NetworkFactory.validate(spec);
    List<Network> existing = describe();
    for (Network other : existing) {
      if (other.name().equals(spec.name())) {
        throw new NetworkException.Conflict(
            "network \"" + spec.name() + "\" exists already: choose another name");
      }
      NetworkFactory.bridgeName(spec)
          .filter(b -> other.bridge().filter(b::equals).isPresent())
          .ifPresent(b -> {
            throw new NetworkException.Conflict(
                "bridge " + b + " belongs to network \"" + other.name() + "\"");
          });
    }
    for (Subnet subnet : spec.subnets()) {
      refuseTaken(spec, subnet.prefix(), existing);
    }
    return write(complete(spec));
  }

  /** The specification with what it leaves open: subnets, and an MTU for a bridge. */
  private NetworkSpec complete(NetworkSpec spec) {
    NetworkDefaults defaults = config.defaults();
    boolean bridge = spec.driver().equals("bridge");
    boolean ipv6 = spec.ipv6() || (bridge && defaults.ipv6());
    List<Subnet> subnets = new ArrayList<>(spec.subnets());
    SubnetChooser chooser = new SubnetChooser(used(), defaults.subnets());
    if (subnets.isEmpty()) {
      IpPrefix chosen =
          spec.name().equals(Network.BRIDGE) ? chooser.forDefault() : chooser.forNetwork();
      subnets.add(new Subnet(chosen, Optional.empty(), Optional.empty()));
    }
    if (ipv6 && subnets.stream().noneMatch(s -> s.prefix().isV6())) {
      subnets.add(new Subnet(chooser.forIpv6(), Optional.empty(), Optional.empty()));
    }
    OptionalInt mtu = spec.mtu();
    if (mtu.isEmpty() && bridge) {
      mtu = defaults.mtu().isPresent() ? defaults.mtu() : HostMtu.of(config.procNet());
    }
    return new NetworkSpec(
        spec.name(),
        spec.driver(),
        subnets,
        spec.internal(),
        ipv6,
        mtu,
        spec.bridge(),
        spec.labels(),
        spec.options());
  }

  private void refuseTaken(NetworkSpec spec, IpPrefix prefix, List<Network> existing) {
    for (Network other : existing) {
      for (Subnet subnet : other.subnets()) {
        if (subnet.prefix().overlaps(prefix)) {
          throw new NetworkException.Conflict(
              "subnet "
                  + prefix
                  + " overlaps "
                  + subnet.prefix()
                  + " of network \""
                  + other.name()
                  + "\": choose another one");
        }
      }
    }
    if (!spec.driver().equals("bridge")) {
      // macvlan and its like share the subnet of the device below them on purpose.
      return;
    }
    String bridge = NetworkFactory.bridgeName(spec).orElseThrow();
    for (HostRoutes.Route route : HostRoutes.read(config.procNet())) {
      boolean specific = route.destination().length() >= prefix.length();
      if (specific && route.destination().overlaps(prefix) && !route.device().equals(bridge)) {
        throw new NetworkException.Conflict(
            "subnet "
                + prefix
                + " overlaps the host's route to "
                + route.destination()
                + " through "
                + route.device()
                + ": choose another one");
      }
    }
  }

  private List<IpPrefix> used() {
    List<IpPrefix> out = new ArrayList<>();
    HostRoutes.read(config.procNet()).forEach(r -> out.add(r.destination()));
    all().forEach(n -> n.subnets().forEach(s -> out.add(s.prefix())));
    for (String server : NetworkFiles.hostResolvConf().nameservers()) {
      if (Addresses.isAddress(server)) {
        out.add(IpPrefix.parse(server));
      }
    }
    return out;
  }

  private NetworkList write(NetworkSpec spec) {
    AttachmentStore.createDirectory(config.networksDir());
    Path file = file(spec.name());
    Instant now = Instant.now().truncatedTo(ChronoUnit.MILLIS);
    String text = Json.pretty(factory.conflist(spec, now)) + "\n";
    NetworkFiles.write(file, text, "rw-r--r--");
    return NetworkList.parse(text, file.toString(), now);
  }

  void delete(NetworkList list) {
    Path file = file(list.name());
    try {
      Files.deleteIfExists(file);
      NetworkFiles.sync(config.networksDir());
    } catch (IOException e) {
      throw new NetworkException.State("cannot delete " + file + ": " + e, e);
    }
  }
}

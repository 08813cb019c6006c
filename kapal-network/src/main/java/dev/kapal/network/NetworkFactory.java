package dev.kapal.network;

import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeMap;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** Turns a specification into a CNI configuration list. */
final class NetworkFactory {
  static final String BRIDGE_PREFIX = "kapal";
  private static final Set<String> OWN_OPTIONS = Set.of("parent", "mode", "vlan", "isolate");

  private final Path leases;

  /**
   * Creates it.
   *
   * @param leases directory of the addresses in use
   */
  NetworkFactory(Path leases) {
    this.leases = leases;
  }

  /** The default network. */
  static NetworkSpec defaultSpec() {
    return new NetworkSpec(
        Network.BRIDGE,
        "bridge",
        List.of(),
        false,
        false,
        OptionalInt.empty(),
        Optional.of(BRIDGE_PREFIX + "0"),
        Map.of(),
        Map.of());
  }

  /** The name of the bridge device of a specification. */
  static Optional<String> bridgeName(NetworkSpec spec) {
    return spec.driver().equals("bridge")
        ? Optional.of(
            Names.device(
                spec.bridge()
                    .orElseGet(() -> BRIDGE_PREFIX + "-" + Names.id(spec.name()).substring(0, 9))))
        : Optional.empty();
  }

  /** Checks what can be checked without looking at the host. */
  static void validate(NetworkSpec spec) {
    Names.network(spec.name());
    Names.plugin(spec.driver());
    if (spec.name().equals(Network.HOST) || spec.name().equals(Network.NONE)) {
      throw new NetworkException.Conflict("network \"" + spec.name() + "\" is built in");
    }
    if (spec.bridge().isPresent() && !spec.driver().equals("bridge")) {
      throw new NetworkException.Invalid(
          "a bridge name is for the driver bridge, not " + spec.driver());
    }
    if (spec.mtu().isPresent() && (spec.mtu().getAsInt() < 68 || spec.mtu().getAsInt() > 65_535)) {
      throw new NetworkException.Invalid(
          "invalid MTU " + spec.mtu().getAsInt() + ": it is 68 to 65535 bytes");
    }
    List<Subnet> subnets = spec.subnets();
    for (int i = 0; i < subnets.size(); i++) {
      IpPrefix prefix = subnets.get(i).prefix();
      requireRoom(prefix);
      for (Subnet other : subnets.subList(0, i)) {
        if (other.prefix().overlaps(prefix)) {
          throw new NetworkException.Invalid(
              "the subnets " + other.prefix() + " and " + prefix + " overlap");
        }
      }
    }
    bridgeName(spec);
  }

  /** Refuses a subnet without an address beside the gateway's. */
  static void requireRoom(IpPrefix prefix) {
    if (prefix.length() > (prefix.isV6() ? 126 : 30)) {
      throw new NetworkException.Invalid("the subnet " + prefix + " has no room for containers");
    }
  }

  /** The configuration of a specification whose subnets are complete. */
  ObjectNode conflist(NetworkSpec spec, Instant created) {
    ObjectNode out = Json.object();
    out.put("cniVersion", "1.0.0");
    out.put("name", spec.name());
    out.set("kapal", own(spec, created));
    ArrayNode plugins = out.putArray("plugins");
    ObjectNode main = plugins.addObject();
    main.put("type", spec.driver());
    main.set("capabilities", Json.object().put("ips", true).put("mac", true));
    switch (spec.driver()) {
      case "bridge" -> bridge(main, spec);
      case "macvlan", "ipvlan" -> parented(main, spec);
      default -> new TreeMap<>(spec.options()).forEach(main::put);
    }
    spec.mtu().ifPresent(mtu -> main.put("mtu", mtu));
    main.set("ipam", ipam(spec));
    if (spec.driver().equals("bridge") && !spec.internal()) {
      ObjectNode portmap = plugins.addObject();
      portmap.put("type", "portmap");
      portmap.put("snat", true);
      portmap.set("capabilities", Json.object().put("portMappings", true));
    }
    return out;
  }

  private static ObjectNode own(NetworkSpec spec, Instant created) {
    ObjectNode own = Json.object();
    own.put("created", created.toString());
    own.put("internal", spec.internal());
    own.set("labels", Maps.json(spec.labels()));
    own.set("options", Maps.json(spec.options()));
    ArrayNode ranges = own.putArray("ranges");
    for (Subnet subnet : spec.subnets()) {
      subnet
          .range()
          .ifPresent(r ->
              ranges
                  .addObject()
                  .put("subnet", subnet.prefix().toString())
                  .put("range", r.toString()));
    }
    return own;
  }

  private static void bridge(ObjectNode main, NetworkSpec spec) {
    main.put("bridge", bridgeName(spec).orElseThrow());
    main.put("isGateway", true);
    // Translation belongs to the network: see HostFirewall.
    main.put("ipMasq", false);
    main.put("hairpinMode", true);
    Optional.ofNullable(spec.options().get("vlan"))
        .ifPresent(v -> main.put("vlan", number("vlan", v)));
    refuseUnknown(spec);
  }

  private static void parented(ObjectNode main, NetworkSpec spec) {
    Optional.ofNullable(spec.options().get("parent"))
        .ifPresent(p -> main.put("master", Names.device(p)));
    main.put(
        "mode",
        spec.options().getOrDefault("mode", spec.driver().equals("macvlan") ? "bridge" : "l2"));
    refuseUnknown(spec);
  }

  private static void refuseUnknown(NetworkSpec spec) {
    for (String key : spec.options().keySet()) {
      // Docker's own keys come with compose files; they are kept and shown.
      if (!OWN_OPTIONS.contains(key) && !key.startsWith("com.docker.")) {
        throw new NetworkException.Invalid(
            "unknown option \""
                + key
                + "\" of driver "
                + spec.driver()
                + ": known are parent, mode, vlan, isolate");
      }
    }
  }

  private static int number(String key, String text) {
    try {
      return Integer.parseInt(text);
    } catch (NumberFormatException e) {
      throw new NetworkException.Invalid(
          "invalid value \"" + text + "\" of option " + key + ": it is a number");
    }
  }

  private ObjectNode ipam(NetworkSpec spec) {
    ObjectNode ipam = Json.object();
    ipam.put("type", "host-local");
    ipam.put("dataDir", leases.toString());
    ArrayNode ranges = ipam.putArray("ranges");
    List<String> defaults = new ArrayList<>();
    for (Subnet subnet : spec.subnets()) {
      ObjectNode range = ranges.addArray().addObject();
      range.put("subnet", subnet.prefix().toString());
      range.put("gateway", Addresses.text(subnet.gatewayOrFirst()));
      subnet
          .range()
          .ifPresent(r -> {
            range.put("rangeStart", Addresses.text(first(subnet, r)));
            range.put("rangeEnd", Addresses.text(last(subnet, r)));
          });
      String any = subnet.prefix().isV6() ? "::/0" : "0.0.0.0/0";
      if (!defaults.contains(any)) {
        defaults.add(any);
      }
    }
    ArrayNode routes = ipam.putArray("routes");
    if (!spec.internal()) {
      defaults.forEach(d -> routes.addObject().put("dst", d));
    }
    return ipam;
  }

  /** The subnet's own first address is no host's. */
  private static java.net.InetAddress first(Subnet subnet, IpPrefix range) {
    java.net.InetAddress start = range.network().address();
    return start.equals(subnet.prefix().address()) ? range.nth(1) : start;
  }

  private static java.net.InetAddress last(Subnet subnet, IpPrefix range) {
    byte[] bytes = range.network().address().getAddress();
    for (int bit = range.length(); bit < bytes.length * 8; bit++) {
      bytes[bit / 8] |= (byte) (0x80 >> (bit % 8));
    }
    byte[] subnetEnd = subnet.prefix().network().address().getAddress();
    for (int bit = subnet.prefix().length(); bit < subnetEnd.length * 8; bit++) {
      subnetEnd[bit / 8] |= (byte) (0x80 >> (bit % 8));
    }
    // Nor is IPv4's last one, the broadcast address.
    if (java.util.Arrays.equals(bytes, subnetEnd) && range.length() < bytes.length * 8) {
      bytes[bytes.length - 1] &= (byte) 0xfe;
    }
    return Addresses.of(bytes);
  }
}

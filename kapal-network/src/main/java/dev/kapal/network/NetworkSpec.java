package dev.kapal.network;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * A network to create.
 *
 * @param name unique; letters, digits, {@code _ . -}, at most 64
 * @param driver the CNI plugin that makes interfaces: {@code bridge}, {@code macvlan}, {@code
 *     ipvlan}, {@code ptp} or any other installed one
 * @param subnets empty: a free IPv4 subnet is chosen
 * @param internal no way out of the network
 * @param ipv6 when no IPv6 subnet is given, choose one ({@link NetworkDefaults#ipv6} does so, too)
 * @param mtu of the interfaces, bytes; empty: {@link NetworkDefaults#mtu} for a bridge, else the
 *     kernel's choice
 * @param bridge name of the bridge device (driver {@code bridge}); empty: derived from the name
 * @param labels kept with the network, not interpreted
 * @param options the driver's own settings, such as {@code parent} (macvlan, ipvlan), {@code mode},
 *     {@code vlan}, {@code isolate}
 */
public record NetworkSpec(
    String name,
    String driver,
    List<Subnet> subnets,
    boolean internal,
    boolean ipv6,
    OptionalInt mtu,
    Optional<String> bridge,
    Map<String, String> labels,
    Map<String, String> options) {
  /** Makes the collections immutable. */
  public NetworkSpec {
    subnets = List.copyOf(subnets);
    labels = Map.copyOf(labels);
    options = Map.copyOf(options);
  }

  /** A bridge network with a subnet chosen. */
  public static NetworkSpec bridge(String name, Subnet... subnets) {
    return new NetworkSpec(
        name,
        "bridge",
        List.of(subnets),
        false,
        false,
        OptionalInt.empty(),
        Optional.empty(),
        Map.of(),
        Map.of());
  }
}

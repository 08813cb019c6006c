package dev.kapal.network;

import java.net.InetAddress;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * A container's place in one network: the CNI result in the newest version's terms.
 *
 * @param network the network's name
 * @param ifName the interface's name in the container
 * @param rawResult the last plugin's result as it printed it, JSON
 */
public record JoinedNetwork(
    String network,
    String ifName,
    List<Interface> interfaces,
    List<Address> addresses,
    List<Route> routes,
    Dns dns,
    List<String> aliases,
    String rawResult) {
  /** Makes the collections immutable. */
  public JoinedNetwork {
    interfaces = List.copyOf(interfaces);
    addresses = List.copyOf(addresses);
    routes = List.copyOf(routes);
    aliases = List.copyOf(aliases);
  }

  /** Hardware address of the container's interface, when the plugin told it. */
  public Optional<String> mac() {
    return interfaces.stream()
        .filter(i -> i.name().equals(ifName) && !i.sandbox().isEmpty())
        .flatMap(i -> i.mac().stream())
        .findFirst();
  }

  /**
   * A network interface.
   *
   * @param sandbox path of its network namespace, empty for the host's
   */
  public record Interface(String name, Optional<String> mac, OptionalInt mtu, String sandbox) {}

  /**
   * An address of the container.
   *
   * @param interfaceIndex index into the interfaces, when told
   */
  public record Address(
      IpPrefix address, Optional<InetAddress> gateway, OptionalInt interfaceIndex) {}

  /** A route of the container. */
  public record Route(IpPrefix destination, Optional<InetAddress> gateway) {}

  /** Name resolution that the network suggests; a request's own settings come first. */
  public record Dns(
      List<String> nameservers,
      Optional<String> domain,
      List<String> search,
      List<String> options) {
    /** Nothing suggested. */
    public static final Dns NONE = new Dns(List.of(), Optional.empty(), List.of(), List.of());

    /** Makes the collections immutable. */
    public Dns {
      nameservers = List.copyOf(nameservers);
      search = List.copyOf(search);
      options = List.copyOf(options);
    }
  }
}

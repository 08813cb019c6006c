package dev.kapal.network;

import java.net.InetAddress;
import java.util.Optional;

/**
 * Ports to publish, as asked for with {@code -p}.
 *
 * @param hostAddress the host's address, empty for all
 * @param hostPorts the host's ports; empty: free ones are chosen. Longer than {@code
 *     containerPorts} only when that is a single port: then a free one of the range is chosen
 * @param containerPorts the container's ports
 */
public record PortMapping(
    Optional<InetAddress> hostAddress,
    Optional<PortRange> hostPorts,
    PortRange containerPorts,
    Protocol protocol) {

  /** Checks that the two ranges fit. */
  public PortMapping {
    if (hostPorts.isPresent()
        && hostPorts.get().size() != containerPorts.size()
        && containerPorts.size() != 1) {
      throw new NetworkException.Invalid(
          "port ranges differ in length: host "
              + hostPorts.get()
              + ", container "
              + containerPorts
              + ": give both the same length, or one container port");
    }
  }

  /** A fixed pair of ports on all of the host's addresses. */
  public static PortMapping of(int hostPort, int containerPort, Protocol protocol) {
    return new PortMapping(
        Optional.empty(),
        Optional.of(PortRange.of(hostPort)),
        PortRange.of(containerPort),
        protocol);
  }

  /**
   * Reads Docker's syntax: {@code [[address:][hostPort[-hostPort]]:]port[-port][/protocol]}, with
   * an IPv6 address in brackets. Host port 0 or none means: any free one.
   *
   * @throws NetworkException.Invalid naming what is wrong
   */
  public static PortMapping parse(String text) {
    try {
      return parseParts(text);
    } catch (NetworkException.Invalid e) {
      throw new NetworkException.Invalid(
          "invalid port mapping \""
              + text
              + "\": "
              + e.getMessage()
              + " (form: [[address:][host-port]:]container-port[/tcp|udp|sctp])");
    }
  }

  private static PortMapping parseParts(String text) {
    if (text.length() > 256) {
      throw new NetworkException.Invalid("longer than 256 characters");
    }
    String rest = text;
    Protocol protocol = Protocol.TCP;
    int slash = rest.lastIndexOf('/');
    if (slash >= 0) {
      protocol = Protocol.parse(rest.substring(slash + 1));
      rest = rest.substring(0, slash);
    }
    int colon = rest.lastIndexOf(':');
    PortRange container = PortRange.parse(rest.substring(colon + 1));
    if (colon < 0) {
      return new PortMapping(Optional.empty(), Optional.empty(), container, protocol);
    }
    rest = rest.substring(0, colon);
    Optional<InetAddress> address = Optional.empty();
    int split = rest.startsWith("[") ? rest.indexOf(']') + 1 : rest.indexOf(':');
    if (rest.startsWith("[") && split == 0) {
      throw new NetworkException.Invalid("the bracket of the IPv6 address is not closed");
    }
    if (split >= 0) {
      address = Optional.of(Addresses.parse(unbracket(rest.substring(0, split))));
      rest = rest.substring(split);
      if (rest.isEmpty() || rest.charAt(0) != ':') {
        throw new NetworkException.Invalid("no colon between the address and the host port");
      }
      rest = rest.substring(1);
    }
    Optional<PortRange> host =
        rest.isEmpty() || rest.equals("0") ? Optional.empty() : Optional.of(PortRange.parse(rest));
    return new PortMapping(address, host, container, protocol);
  }

  private static String unbracket(String text) {
    return text.startsWith("[") ? text.substring(1, text.length() - 1) : text;
  }

  @Override
  public String toString() {
    String host = hostAddress.map(a -> Addresses.bracketed(a) + ":").orElse("");
    String ports = hostPorts.map(r -> r + ":").orElse(host.isEmpty() ? "" : ":");
    return host + ports + containerPorts + "/" + protocol.text();
  }
}

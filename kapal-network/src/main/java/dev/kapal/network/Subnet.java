package dev.kapal.network;

import java.net.InetAddress;
import java.util.Optional;

/**
 * A subnet of a network.
 *
 * @param prefix the subnet
 * @param gateway the gateway's address; empty: the first address
 * @param range the part of the subnet that containers get addresses from; empty: all of it
 */
public record Subnet(IpPrefix prefix, Optional<InetAddress> gateway, Optional<IpPrefix> range) {
  /** Clears host bits and checks that gateway and range are inside. */
  public Subnet {
    prefix = prefix.network();
    if (gateway.isPresent() && !prefix.contains(gateway.get())) {
      throw new NetworkException.Invalid(
          "the gateway " + Addresses.text(gateway.get()) + " is not in the subnet " + prefix);
    }
    if (range.isPresent() && !prefix.contains(range.get())) {
      throw new NetworkException.Invalid(
          "the address range " + range.get() + " is not in the subnet " + prefix);
    }
  }

  /** A subnet with the usual gateway and all of its addresses. */
  public static Subnet of(String prefix) {
    return new Subnet(IpPrefix.parse(prefix), Optional.empty(), Optional.empty());
  }

  /** The gateway given, or the first address of the subnet. */
  public InetAddress gatewayOrFirst() {
    return gateway.orElseGet(() -> prefix.nth(1));
  }
}

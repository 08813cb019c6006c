package dev.kapal.network;

import java.util.List;
import java.util.OptionalInt;

/**
 * What networks get whose specification says nothing.
 *
 * @param subnets where subnets are taken from, in order: wider ones than /24 (IPv6: /64) in pieces
 *     of that size, narrower ones whole; empty: free ones are looked for
 * @param mtu of bridge networks, bytes; empty: that of the host's default route
 * @param ipv6 whether bridge networks get an IPv6 subnet, too
 */
public record NetworkDefaults(List<IpPrefix> subnets, OptionalInt mtu, boolean ipv6) {
  /** As on a host without a configuration. */
  public static final NetworkDefaults NONE =
      new NetworkDefaults(List.of(), OptionalInt.empty(), false);

  /**
   * Checks the subnets.
   *
   * @throws NetworkException.Invalid when one has no room for containers
   */
  public NetworkDefaults {
    subnets = subnets.stream().map(IpPrefix::network).toList();
    subnets.forEach(NetworkFactory::requireRoom);
  }
}

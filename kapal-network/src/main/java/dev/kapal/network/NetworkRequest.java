package dev.kapal.network;

import java.net.InetAddress;
import java.util.List;
import java.util.Optional;

/**
 * One network for a container to join.
 *
 * @param network the network's name
 * @param ifName the interface's name in the container; empty: {@code eth0}, {@code eth1}, …
 * @param addresses fixed addresses; empty: assigned
 * @param mac fixed hardware address, such as {@code 02:42:ac:11:00:02}
 * @param aliases further names of the container on this network
 */
public record NetworkRequest(
    String network,
    Optional<String> ifName,
    List<InetAddress> addresses,
    Optional<String> mac,
    List<String> aliases) {
  /** Makes the collections immutable. */
  public NetworkRequest {
    addresses = List.copyOf(addresses);
    aliases = List.copyOf(aliases);
  }

  NetworkRequest withIfName(String name) {
    return new NetworkRequest(network, Optional.of(name), addresses, mac, aliases);
  }

  /** Joins a network with everything assigned. */
  public static NetworkRequest of(String network) {
    return new NetworkRequest(network, Optional.empty(), List.of(), Optional.empty(), List.of());
  }
}

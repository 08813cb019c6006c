package dev.kapal.network;

import java.net.InetAddress;
import java.util.List;
import java.util.Optional;

/**
 * What a container got.
 *
 * @param networks one entry per network asked for, in order
 * @param ports published ports with the host ports that were chosen
 */
public record Attachment(
    String containerId, String netnsPath, List<JoinedNetwork> networks, List<PublishedPort> ports) {
  /** Makes the collections immutable. */
  public Attachment {
    networks = List.copyOf(networks);
    ports = List.copyOf(ports);
  }

  /** The container's first address on its first network that gave one. */
  public Optional<InetAddress> primaryAddress() {
    return networks.stream()
        .flatMap(n -> n.addresses().stream())
        .map(a -> a.address().address())
        .findFirst();
  }
}

package dev.kapal.network;

import java.net.InetAddress;
import java.util.Optional;

/**
 * One port of a container as it is reachable on the host, after ephemeral ports were chosen.
 *
 * @param hostAddress the host's address, empty for all
 */
public record PublishedPort(
    Optional<InetAddress> hostAddress, int hostPort, int containerPort, Protocol protocol) {
  @Override
  public String toString() {
    String host = hostAddress.map(Addresses::bracketed).orElse("0.0.0.0");
    return containerPort + "/" + protocol.text() + " -> " + host + ":" + hostPort;
  }
}

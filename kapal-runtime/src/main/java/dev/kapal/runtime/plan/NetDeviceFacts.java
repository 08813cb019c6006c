package dev.kapal.runtime.plan;

import dev.kapal.oci.runtime.Linux;
import dev.kapal.runtime.ContainerException;
import java.net.InetAddress;
import java.net.InterfaceAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * A network device of the host that is to be moved into a container.
 *
 * @param index its number, which it keeps
 * @param addresses what it is configured with, and loses by the move
 */
public record NetDeviceFacts(int index, List<Address> addresses) {
  /** Copies the list. */
  public NetDeviceFacts {
    addresses = List.copyOf(addresses);
  }

  /** An address and its prefix's length in bits. */
  public record Address(InetAddress address, int prefix) {}

  /**
   * Those that a config names, as they are in this process's network namespace.
   *
   * @throws ContainerException.Invalid there is none of a name
   */
  public static Map<String, NetDeviceFacts> of(Linux linux) {
    Map<String, NetDeviceFacts> all = new TreeMap<>();
    for (String name : linux.netDevices().keySet()) {
      all.put(name, read(name));
    }
    return all;
  }

  private static NetDeviceFacts read(String name) {
    NetworkInterface device;
    try {
      device = NetworkInterface.getByName(name);
    } catch (SocketException e) {
      throw new ContainerException.Failed(
          "The network device " + name + " cannot be looked up: " + e.getMessage(), e);
    }
    if (device == null) {
      throw new ContainerException.Invalid(
          "linux.netDevices names "
              + name
              + ", but the host has no such network device: see `ip link`");
    }
    return new NetDeviceFacts(
        device.getIndex(),
        device.getInterfaceAddresses().stream()
            .filter(a -> !a.getAddress().isLinkLocalAddress())
            .map(NetDeviceFacts::address)
            .toList());
  }

  private static Address address(InterfaceAddress a) {
    return new Address(a.getAddress(), a.getNetworkPrefixLength());
  }
}

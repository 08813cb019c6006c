package dev.kapal.network;

import java.io.IOException;
import java.net.NetworkInterface;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * The largest packet of the host's default route. A container's larger ones would have to be cut
 * up, or be lost where somebody drops the ICMP messages that say so.
 */
final class HostMtu {
  private static final int SMALLEST = 68;
  private static final int LARGEST = 65_535;

  private HostMtu() {}

  /** Empty: there is no such route, or its device does not say. */
  static OptionalInt of(Path procNet) {
    return defaultDevice(procNet).map(HostMtu::ofDevice).orElse(OptionalInt.empty());
  }

  /** The device of the route that the kernel takes, IPv4's before IPv6's. */
  static Optional<String> defaultDevice(Path procNet) {
    return lines(procNet.resolve("route")).stream()
        .map(line -> line.strip().split("\\s+"))
        .filter(f -> f.length >= 8 && f[1].equals("00000000") && f[7].equals("00000000"))
        .filter(f -> f[6].matches("[0-9]{1,10}"))
        .min(Comparator.comparingLong(f -> Long.parseLong(f[6])))
        .map(f -> f[0])
        .or(() ->
            HostRoutes.parseV6(lines(procNet.resolve("ipv6_route"))).stream()
                .filter(r -> r.destination().length() == 0)
                .map(HostRoutes.Route::device)
                .findFirst());
  }

  private static List<String> lines(Path file) {
    try {
      return Files.exists(file) ? Files.readAllLines(file) : List.of();
    } catch (IOException e) {
      return List.of();
    }
  }

  private static OptionalInt ofDevice(String name) {
    try {
      NetworkInterface device = NetworkInterface.getByName(name);
      int mtu = device == null || device.isLoopback() ? 0 : device.getMTU();
      return mtu >= SMALLEST && mtu <= LARGEST ? OptionalInt.of(mtu) : OptionalInt.empty();
    } catch (IOException e) {
      return OptionalInt.empty();
    }
  }
}

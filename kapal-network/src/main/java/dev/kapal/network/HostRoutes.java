package dev.kapal.network;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;

/** The host's routes, from {@code /proc/net/route} and {@code /proc/net/ipv6_route} (proc(5)). */
final class HostRoutes {
  /** A destination and the interface that leads there. */
  record Route(IpPrefix destination, String device) {}

  private HostRoutes() {}

  static List<Route> read(Path procNet) {
    List<Route> out = new ArrayList<>(parseV4(lines(procNet.resolve("route"))));
    out.addAll(parseV6(lines(procNet.resolve("ipv6_route"))));
    return out;
  }

  private static List<String> lines(Path file) {
    try {
      return Files.exists(file) ? Files.readAllLines(file) : List.of();
    } catch (IOException e) {
      throw new NetworkException.State("cannot read the host's routes from " + file + ": " + e, e);
    }
  }

  static List<Route> parseV4(List<String> lines) {
    List<Route> out = new ArrayList<>();
    for (String line : lines) {
      String[] f = line.strip().split("\\s+");
      if (f.length < 8 || f[1].length() != 8 || f[7].length() != 8) {
        continue;
      }
      // Words in the machine's byte order, which is little-endian on every machine we run on.
      int mask = Integer.reverseBytes(Integer.parseUnsignedInt(f[7], 16));
      int address = Integer.reverseBytes(Integer.parseUnsignedInt(f[1], 16));
      out.add(new Route(new IpPrefix(Addresses.of(bytes(address)), Integer.bitCount(mask)), f[0]));
    }
    return out;
  }

  private static byte[] bytes(int word) {
    return new byte[] {
      (byte) (word >>> 24), (byte) (word >>> 16), (byte) (word >>> 8), (byte) word
    };
  }

  static List<Route> parseV6(List<String> lines) {
    List<Route> out = new ArrayList<>();
    for (String line : lines) {
      String[] f = line.strip().split("\\s+");
      if (f.length < 10 || f[0].length() != 32 || f[9].equals("lo")) {
        continue;
      }
      byte[] address = HexFormat.of().parseHex(f[0]);
      java.net.InetAddress parsed = Addresses.of(address);
      if (Addresses.isV6(parsed)) {
        out.add(new Route(new IpPrefix(parsed, Integer.parseInt(f[1], 16)), f[9]));
      }
    }
    return out;
  }
}

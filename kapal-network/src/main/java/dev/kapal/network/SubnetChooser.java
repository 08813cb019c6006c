package dev.kapal.network;

import java.security.SecureRandom;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** Chooses subnets that collide with nothing the host uses. */
final class SubnetChooser {
  private static final SecureRandom RANDOM = new SecureRandom();

  /** Routes as wide as this come from VPNs that claim all private addresses. */
  private static final int WIDE = 12;

  private final List<IpPrefix> used;

  /**
   * Creates it.
   *
   * @param used destinations of the host's routes, other networks' subnets, name servers
   */
  SubnetChooser(List<IpPrefix> used) {
    this.used = used.stream().filter(p -> p.length() > 0).toList();
  }

  /** For the default network: room for 65,000 containers where there is room. */
  IpPrefix forDefault() {
    return choose(
            Stream.of(
                    "10.88.0.0/16",
                    "10.213.0.0/16",
                    "10.99.0.0/16",
                    "10.141.0.0/16",
                    "172.29.0.0/16",
                    "172.24.0.0/16",
                    "192.168.213.0/24",
                    "192.168.141.0/24")
                .map(IpPrefix::parse)
                .toList())
        .orElseThrow(SubnetChooser::none);
  }

  /** For a further network: 254 containers. */
  IpPrefix forNetwork() {
    Stream<String> ten = IntStream.range(0, 256).mapToObj(i -> "10.214." + i + ".0/24");
    Stream<String> middle = IntStream.range(0, 256).mapToObj(i -> "172.30." + i + ".0/24");
    Stream<String> last = IntStream.range(144, 208).mapToObj(i -> "192.168." + i + ".0/24");
    return choose(Stream.of(ten, middle, last).flatMap(s -> s).map(IpPrefix::parse).toList())
        .orElseThrow(SubnetChooser::none);
  }

  private static NetworkException.Conflict none() {
    return new NetworkException.Conflict(
        "no free IPv4 subnet was found beside the host's routes and networks:"
            + " name one with --subnet");
  }

  private Optional<IpPrefix> choose(List<IpPrefix> candidates) {
    return candidates.stream()
        .filter(c -> used.stream().noneMatch(c::overlaps))
        .findFirst()
        .or(() ->
            candidates.stream()
                .filter(c -> used.stream().noneMatch(u -> u.length() > WIDE && c.overlaps(u)))
                .findFirst());
  }

  /** A unique local IPv6 subnet with 40 random bits (RFC 4193). */
  IpPrefix uniqueLocal() {
    while (true) {
      byte[] bytes = new byte[16];
      byte[] id = new byte[5];
      RANDOM.nextBytes(id);
      bytes[0] = (byte) 0xfd;
      System.arraycopy(id, 0, bytes, 1, id.length);
      IpPrefix prefix = new IpPrefix(Addresses.of(bytes), 64);
      if (used.stream().noneMatch(prefix::overlaps)) {
        return prefix;
      }
    }
  }
}

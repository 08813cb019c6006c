package dev.kapal.network;

import static java.util.stream.Collectors.joining;

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

  /** Sizes of the pieces that are taken of wider configured ones. */
  private static final int PIECE = 24;

  private static final int PIECE_V6 = 64;

  private final List<IpPrefix> used;
  private final List<IpPrefix> configured;

  /**
   * Creates it.
   *
   * @param used destinations of the host's routes, other networks' subnets, name servers
   * @param configured where subnets are taken from; of an address family that it lacks, free ones
   *     are looked for
   */
  SubnetChooser(List<IpPrefix> used, List<IpPrefix> configured) {
    this.used = used.stream().filter(p -> p.length() > 0).toList();
    this.configured = configured;
  }

  /** For the default network: room for 65,000 containers where there is room. */
  IpPrefix forDefault() {
    return ofConfigured(false).orElseGet(this::freeForDefault);
  }

  private IpPrefix freeForDefault() {
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
    return ofConfigured(false).orElseGet(this::freeForNetwork);
  }

  private IpPrefix freeForNetwork() {
    Stream<String> ten = IntStream.range(0, 256).mapToObj(i -> "10.214." + i + ".0/24");
    Stream<String> middle = IntStream.range(0, 256).mapToObj(i -> "172.30." + i + ".0/24");
    Stream<String> last = IntStream.range(144, 208).mapToObj(i -> "192.168." + i + ".0/24");
    return choose(Stream.of(ten, middle, last).flatMap(s -> s).map(IpPrefix::parse).toList())
        .orElseThrow(SubnetChooser::none);
  }

  /** The first that is free; routes of VPNs that claim everything do not count. */
  private Optional<IpPrefix> ofConfigured(boolean v6) {
    List<IpPrefix> family = configured.stream().filter(p -> p.isV6() == v6).toList();
    if (family.isEmpty()) {
      return Optional.empty();
    }
    return Optional.of(
        family.stream()
            .flatMap(p -> p.pieces(v6 ? PIECE_V6 : PIECE))
            .filter(c -> used.stream().noneMatch(u -> u.length() > WIDE && c.overlaps(u)))
            .findFirst()
            .orElseThrow(() ->
                new NetworkException.Conflict(
                    "the host's routes and networks use all of network.default_subnets ("
                        + family.stream().map(IpPrefix::toString).collect(joining(", "))
                        + "): add another one there, or name one with --subnet")));
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

  /** A configured IPv6 subnet, else a unique local one with 40 random bits (RFC 4193). */
  IpPrefix forIpv6() {
    return ofConfigured(true).orElseGet(this::uniqueLocal);
  }

  private IpPrefix uniqueLocal() {
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

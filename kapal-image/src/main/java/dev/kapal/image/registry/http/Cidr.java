package dev.kapal.image.registry.http;

import java.net.InetAddress;
import java.util.Optional;

/**
 * A range of IP addresses. Parsing never asks a name server.
 *
 * @param first an address of the range
 * @param bits how many leading bits count
 */
public record Cidr(InetAddress first, int bits) {

  /** Reads {@code address/bits}. */
  public static Optional<Cidr> parse(String text) {
    int slash = text.indexOf('/');
    if (slash < 0) {
      return Optional.empty();
    }
    String length = text.substring(slash + 1);
    if (length.isEmpty() || length.length() > 3 || !length.chars().allMatch(Character::isDigit)) {
      return Optional.empty();
    }
    int bits = Integer.parseInt(length);
    return address(text.substring(0, slash))
        .filter(a -> bits <= a.bits())
        .map(a -> new Cidr(a.first, bits));
  }

  /** Reads one address, as a range of one. */
  public static Optional<Cidr> address(String text) {
    boolean six = text.indexOf(':') >= 0;
    boolean literal =
        !text.isEmpty()
            && text.length() <= 45
            && text.chars()
                .allMatch(c ->
                    (c >= '0' && c <= '9')
                        || c == '.'
                        || (six && (c == ':' || Character.digit(c, 16) >= 0)));
    if (!literal || (!six && text.chars().filter(c -> c == '.').count() != 3)) {
      return Optional.empty();
    }
    try {
      InetAddress address = InetAddress.ofLiteral(text);
      return Optional.of(new Cidr(address, address.getAddress().length * 8));
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }

  /** Whether the other range's first address is in this range. */
  public boolean contains(Cidr other) {
    byte[] mine = first.getAddress();
    byte[] its = other.first.getAddress();
    if (mine.length != its.length) {
      return false;
    }
    for (int i = 0; i < bits; i++) {
      int mask = 0x80 >> (i % 8);
      if (((mine[i / 8] ^ its[i / 8]) & mask) != 0) {
        return false;
      }
    }
    return true;
  }

  /** 127.0.0.0/8 or ::1. */
  public boolean isLoopback() {
    return first.isLoopbackAddress();
  }
}

package dev.kapal.network;

import java.math.BigInteger;
import java.net.InetAddress;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * An address with a prefix length, such as {@code 10.88.0.0/16} or {@code fd00::5/64}. The bits
 * after the prefix are kept; {@link #network()} clears them.
 *
 * @param address IPv4 or IPv6
 * @param length 0 to 32 or 0 to 128
 */
public record IpPrefix(InetAddress address, int length) {
  /** Checks the length. */
  public IpPrefix {
    if (length < 0 || length > address.getAddress().length * 8) {
      throw new NetworkException.Invalid(
          "invalid prefix length " + length + " for " + Addresses.text(address));
    }
  }

  /** Reads {@code address/length}; without a length the address stands alone (/32 or /128). */
  public static IpPrefix parse(String text) {
    int slash = text.indexOf('/');
    if (slash < 0) {
      InetAddress alone = Addresses.parse(text);
      return new IpPrefix(alone, alone.getAddress().length * 8);
    }
    String digits = text.substring(slash + 1);
    if (digits.isEmpty()
        || digits.length() > 3
        || !digits.chars().allMatch(c -> c >= '0' && c <= '9')) {
      throw new NetworkException.Invalid(
          "invalid subnet \"" + text + "\": the part after / is a number of bits");
    }
    return new IpPrefix(Addresses.parse(text.substring(0, slash)), Integer.parseInt(digits));
  }

  /** Whether this is IPv6. */
  public boolean isV6() {
    return Addresses.isV6(address);
  }

  /** The same prefix with the bits after it cleared. */
  public IpPrefix network() {
    byte[] bytes = address.getAddress();
    for (int bit = length; bit < bytes.length * 8; bit++) {
      bytes[bit / 8] &= (byte) ~(0x80 >> (bit % 8));
    }
    return new IpPrefix(Addresses.of(bytes), length);
  }

  /** Whether the address lies within. */
  public boolean contains(InetAddress other) {
    return other.getAddress().length == address.getAddress().length
        && new IpPrefix(other, length).network().address().equals(network().address());
  }

  /** Whether all of the other prefix lies within. */
  public boolean contains(IpPrefix other) {
    return other.length >= length && contains(other.address);
  }

  /** Whether any address is in both. */
  public boolean overlaps(IpPrefix other) {
    return contains(other.network()) || other.contains(network());
  }

  /**
   * The networks of a length in this one, in order; itself if it is not wider. At most 65,536: of
   * the rest nobody would live to see one used.
   */
  Stream<IpPrefix> pieces(int wanted) {
    if (length >= wanted) {
      return Stream.of(network());
    }
    int count = 1 << Math.min(wanted - length, 16);
    int bits = address.getAddress().length * 8;
    return IntStream.range(0, count)
        .mapToObj(i -> new IpPrefix(plus(BigInteger.valueOf(i).shiftLeft(bits - wanted)), wanted));
  }

  /** The n-th address of the network; 1 is the usual gateway. */
  public InetAddress nth(int n) {
    return plus(BigInteger.valueOf(n));
  }

  private InetAddress plus(BigInteger distance) {
    byte[] base = network().address().getAddress();
    byte[] sum = new BigInteger(1, base).add(distance).toByteArray();
    byte[] bytes = new byte[base.length];
    for (int i = 1; i <= bytes.length && i <= sum.length; i++) {
      bytes[bytes.length - i] = sum[sum.length - i];
    }
    return Addresses.of(bytes);
  }

  @Override
  public String toString() {
    return Addresses.text(address) + "/" + length;
  }

  /** An address alone in its shortest usual form; IPv6 by RFC 5952. */
  public static String text(InetAddress address) {
    return Addresses.text(address);
  }
}

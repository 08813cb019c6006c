package dev.kapal.network;

import java.net.Inet4Address;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.UnknownHostException;

/** Literal IP addresses: parsed strictly and without ever asking a name server. */
final class Addresses {
  private Addresses() {}

  /** Reads an IPv4 address in dotted form or an IPv6 address without zone. */
  static InetAddress parse(String text) {
    byte[] bytes = text.indexOf(':') >= 0 ? v6(text) : v4(text);
    return of(bytes, text);
  }

  static boolean isAddress(String text) {
    try {
      parse(text);
      return true;
    } catch (NetworkException.Invalid e) {
      return false;
    }
  }

  static InetAddress of(byte[] bytes) {
    return of(bytes, "");
  }

  private static InetAddress of(byte[] bytes, String text) {
    try {
      // An IPv4-mapped IPv6 address (16 bytes) comes out as IPv4 here, which is what is meant.
      return InetAddress.getByAddress(bytes);
    } catch (UnknownHostException e) {
      throw invalid(text, "wrong length");
    }
  }

  private static byte[] v4(String text) {
    byte[] bytes = new byte[4];
    int part = 0;
    int value = -1;
    for (int i = 0; i <= text.length(); i++) {
      char c = i < text.length() ? text.charAt(i) : '.';
      if (c == '.') {
        if (value < 0 || part > 3) {
          throw invalid(text, "IPv4 has four numbers");
        }
        bytes[part++] = (byte) value;
        value = -1;
      } else if (c >= '0' && c <= '9') {
        // "010" is 8 to some programs and 10 to others: refuse it.
        if (value == 0) {
          throw invalid(text, "a number starts with 0");
        }
        value = Math.max(value, 0) * 10 + (c - '0');
        if (value > 255) {
          throw invalid(text, "a number is above 255");
        }
      } else {
        throw invalid(text, "unexpected character");
      }
    }
    if (part != 4) {
      throw invalid(text, "IPv4 has four numbers");
    }
    return bytes;
  }

  private static byte[] v6(String text) {
    if (text.length() > 45 || !text.chars().allMatch(Addresses::isV6Char)) {
      throw invalid(text, "not an IPv6 address");
    }
    try {
      // Only hexadecimal digits, colons and dots are left, so this cannot become a name look-up.
      InetAddress address = InetAddress.ofLiteral(text);
      return address.getAddress();
    } catch (IllegalArgumentException e) {
      throw invalid(text, "not an IPv6 address");
    }
  }

  private static boolean isV6Char(int c) {
    return c == ':' || c == '.' || (c < 128 && Character.digit(c, 16) >= 0);
  }

  static boolean isV6(InetAddress address) {
    return address instanceof Inet6Address;
  }

  static boolean isV4(InetAddress address) {
    return address instanceof Inet4Address;
  }

  /** The shortest usual form; IPv6 by RFC 5952. */
  static String text(InetAddress address) {
    if (isV4(address)) {
      return address.getHostAddress();
    }
    byte[] b = address.getAddress();
    int[] groups = new int[8];
    for (int i = 0; i < 8; i++) {
      groups[i] = (b[2 * i] & 0xff) << 8 | (b[2 * i + 1] & 0xff);
    }
    int bestStart = -1;
    int bestLength = 1;
    for (int i = 0; i < 8; i++) {
      int j = i;
      while (j < 8 && groups[j] == 0) {
        j++;
      }
      if (j - i > bestLength) {
        bestStart = i;
        bestLength = j - i;
      }
    }
    StringBuilder out = new StringBuilder();
    for (int i = 0; i < 8; i++) {
      if (i == bestStart) {
        out.append("::");
        i += bestLength - 1;
        continue;
      }
      if (!out.isEmpty() && out.charAt(out.length() - 1) != ':') {
        out.append(':');
      }
      out.append(Integer.toHexString(groups[i]));
    }
    return out.toString();
  }

  static String bracketed(InetAddress address) {
    return isV6(address) ? "[" + text(address) + "]" : text(address);
  }

  private static NetworkException.Invalid invalid(String text, String why) {
    return new NetworkException.Invalid("invalid IP address \"" + text + "\": " + why);
  }
}

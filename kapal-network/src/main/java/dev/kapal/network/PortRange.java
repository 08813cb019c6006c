package dev.kapal.network;

/**
 * A run of ports, both ends included.
 *
 * @param first 1 to 65535
 * @param last not below {@code first}
 */
public record PortRange(int first, int last) {
  /** Checks the bounds. */
  public PortRange {
    if (first < 1 || last > 65_535 || first > last) {
      throw new NetworkException.Invalid(
          "invalid port range " + first + "-" + last + ": ports are 1 to 65535, lowest first");
    }
  }

  /** One port. */
  public static PortRange of(int port) {
    return new PortRange(port, port);
  }

  /** Reads {@code 80} or {@code 8000-8010}. */
  public static PortRange parse(String text) {
    int dash = text.indexOf('-');
    if (dash < 0) {
      return of(port(text));
    }
    return new PortRange(port(text.substring(0, dash)), port(text.substring(dash + 1)));
  }

  private static int port(String text) {
    boolean digits =
        !text.isEmpty() && text.length() <= 5 && text.chars().allMatch(c -> c >= '0' && c <= '9');
    if (!digits) {
      throw new NetworkException.Invalid(
          "invalid port \"" + text + "\": a port is a number from 1 to 65535");
    }
    return Integer.parseInt(text);
  }

  /** How many ports. */
  public int size() {
    return last - first + 1;
  }

  @Override
  public String toString() {
    return first == last ? Integer.toString(first) : first + "-" + last;
  }
}

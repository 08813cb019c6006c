package dev.kapal.image.registry.http;

/**
 * A host with an optional port, as it stands in image names and lists of hosts.
 *
 * @param host without the brackets of an IPv6 address
 * @param port 0 if none is given
 */
public record HostPort(String host, int port) {

  /** Splits {@code host:port}, {@code [v6]:port}, {@code v6} or {@code host}; never fails. */
  public static HostPort split(String text) {
    int colon = text.lastIndexOf(':');
    boolean bracketed = text.startsWith("[");
    boolean hasPort =
        colon > 0
            && (bracketed ? text.charAt(colon - 1) == ']' : text.indexOf(':') == colon)
            && colon < text.length() - 1
            && text.length() - colon <= 6
            && text.substring(colon + 1).chars().allMatch(c -> c >= '0' && c <= '9');
    if (!hasPort) {
      return new HostPort(bare(text), 0);
    }
    return new HostPort(
        bare(text.substring(0, colon)), Integer.parseInt(text.substring(colon + 1)));
  }

  /** The host without brackets. */
  static String bare(String host) {
    return host.startsWith("[") && host.endsWith("]") ? host.substring(1, host.length() - 1) : host;
  }
}

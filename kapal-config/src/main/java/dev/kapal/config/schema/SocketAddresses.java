package dev.kapal.config.schema;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Addresses to listen on as configurations write them. */
public final class SocketAddresses {
  private static final Pattern FORM =
      Pattern.compile(
          "(|localhost|[0-9]{1,3}(?:\\.[0-9]{1,3}){3}|\\[[0-9a-fA-F:.]{2,45}])"
              + ":([1-9][0-9]{0,4})");
  private static final int LAST_PORT = 65_535;

  private SocketAddresses() {}

  /**
   * {@code 127.0.0.1:1338}, {@code [::1]:1338}, {@code localhost:1338}, {@code :1338}. Without an
   * address, and for {@code localhost}, it is loopback; no name is looked up.
   *
   * @return empty: it is nothing of that kind
   */
  public static Optional<InetSocketAddress> parse(String text) {
    Matcher matcher = FORM.matcher(text);
    if (!matcher.matches()) {
      return Optional.empty();
    }
    String host = matcher.group(1);
    int port = Integer.parseInt(matcher.group(2));
    try {
      InetAddress address =
          host.isEmpty() || host.equals("localhost")
              ? InetAddress.ofLiteral("127.0.0.1")
              : InetAddress.ofLiteral(host);
      return port <= LAST_PORT
          ? Optional.of(new InetSocketAddress(address, port))
          : Optional.empty();
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }
}

package dev.kapal.image.registry.http;

import java.net.URI;
import java.util.Locale;
import java.util.Optional;

/** Small questions about URLs. */
public final class Urls {
  private Urls() {}

  /** The URL for a message: without user, query (signatures stand there) and fragment. */
  public static String display(URI uri) {
    String path = Optional.ofNullable(uri.getRawPath()).orElse("");
    return uri.getScheme() + "://" + authority(uri) + path;
  }

  /** host or host:port. */
  public static String authority(URI uri) {
    String host = Optional.ofNullable(uri.getHost()).orElse("?");
    return uri.getPort() < 0 ? host : host + ":" + uri.getPort();
  }

  /** The port, given or implied. */
  public static int port(URI uri) {
    return uri.getPort() >= 0 ? uri.getPort() : isHttps(uri) ? 443 : 80;
  }

  public static boolean isHttps(URI uri) {
    return "https".equalsIgnoreCase(uri.getScheme());
  }

  public static boolean isHttp(URI uri) {
    return "http".equalsIgnoreCase(uri.getScheme());
  }

  /** Same scheme, host and port (RFC 6454): the boundary that credentials do not cross. */
  public static boolean sameOrigin(URI one, URI other) {
    return scheme(one).equals(scheme(other))
        && host(one).equals(host(other))
        && port(one) == port(other);
  }

  public static String host(URI uri) {
    return Optional.ofNullable(uri.getHost()).orElse("").toLowerCase(Locale.ROOT);
  }

  private static String scheme(URI uri) {
    return Optional.ofNullable(uri.getScheme()).orElse("").toLowerCase(Locale.ROOT);
  }

  /** Percent-encodes a query's value (RFC 3986 unreserved characters stay). */
  public static String encode(String value) {
    StringBuilder out = new StringBuilder();
    for (byte b : value.getBytes(java.nio.charset.StandardCharsets.UTF_8)) {
      char c = (char) (b & 0xff);
      if ((c >= 'a' && c <= 'z')
          || (c >= 'A' && c <= 'Z')
          || (c >= '0' && c <= '9')
          || c == '-'
          || c == '.'
          || c == '_'
          || c == '~') {
        out.append(c);
      } else {
        out.append('%')
            .append(Character.toUpperCase(Character.forDigit(c >> 4, 16)))
            .append(Character.toUpperCase(Character.forDigit(c & 15, 16)));
      }
    }
    return out.toString();
  }

  /** The URL with one more query parameter. */
  public static URI with(URI uri, String name, String value) {
    String text = uri.toString();
    String separator = uri.getRawQuery() == null ? "?" : uri.getRawQuery().isEmpty() ? "" : "&";
    return URI.create(text + separator + name + "=" + encode(value));
  }
}

package dev.kapal.image.registry.http;

import java.net.URI;
import java.net.URISyntaxException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * Which proxy a URL goes through, by the environment variables every tool reads: HTTP_PROXY,
 * HTTPS_PROXY and NO_PROXY, upper case before lower case.
 *
 * <p>NO_PROXY is a comma-separated list of: {@code *}; an address; a CIDR range; {@code
 * example.com} (that name and all below it); {@code .example.com} (only those below); each of
 * address and name also with {@code :port}. The loopback never goes through a proxy. A pure value.
 */
public final class ProxyRules {
  private static final int LONGEST = 64 << 10;

  private final Optional<URI> http;
  private final Optional<URI> https;
  private final boolean none;
  private final List<Bypass> bypasses;

  private sealed interface Bypass {
    /** An address range. */
    record Range(Cidr cidr) implements Bypass {}

    /** One address; port 0 is any. */
    record Address(Cidr cidr, int port) implements Bypass {}

    /** A name ({@code suffix} starts with a dot); port 0 is any. */
    record Name(String suffix, boolean itself, int port) implements Bypass {}
  }

  private ProxyRules(Optional<URI> http, Optional<URI> https, boolean none, List<Bypass> bypasses) {
    this.http = http;
    this.https = https;
    this.none = none;
    this.bypasses = bypasses;
  }

  /**
   * Reads the variables.
   *
   * @throws IllegalArgumentException if a proxy's URL cannot be used; names the variable, hides the
   *     password
   */
  public static ProxyRules of(Map<String, String> environment) {
    String exceptions = variable(environment, "NO_PROXY");
    boolean none = false;
    List<Bypass> bypasses = new ArrayList<>();
    if (exceptions.length() <= LONGEST) {
      for (String raw : exceptions.split(",", -1)) {
        String entry = raw.strip().toLowerCase(Locale.ROOT);
        if (entry.equals("*")) {
          none = true;
        } else if (!entry.isEmpty()) {
          bypass(entry).ifPresent(bypasses::add);
        }
      }
    }
    return new ProxyRules(
        proxy("HTTP_PROXY", variable(environment, "HTTP_PROXY")),
        proxy("HTTPS_PROXY", variable(environment, "HTTPS_PROXY")),
        none,
        List.copyOf(bypasses));
  }

  private static String variable(Map<String, String> environment, String name) {
    String upper = environment.getOrDefault(name, "");
    return upper.isEmpty()
        ? environment.getOrDefault(name.toLowerCase(Locale.ROOT), "").strip()
        : upper.strip();
  }

  /**
   * Reads a proxy's address; without a scheme it is http.
   *
   * @param origin what to name in an error: the variable or the file
   */
  public static Optional<URI> proxy(String origin, String value) {
    if (value.isEmpty()) {
      return Optional.empty();
    }
    URI uri;
    try {
      uri = new URI(value.contains("://") ? value : "http://" + value);
    } catch (URISyntaxException e) {
      throw new IllegalArgumentException(
          origin + " is not a URL; expected http://[user:password@]host:port");
    }
    if (!"http".equalsIgnoreCase(uri.getScheme())) {
      throw new IllegalArgumentException(
          origin + " has the scheme " + uri.getScheme() + "; only http:// proxies are supported");
    }
    if (uri.getHost() == null) {
      throw new IllegalArgumentException(
          origin + " names no host; expected http://[user:password@]host:port");
    }
    return Optional.of(uri);
  }

  private static Optional<Bypass> bypass(String entry) {
    if (entry.contains("/")) {
      return Cidr.parse(entry).map(Bypass.Range::new);
    }
    HostPort at = HostPort.split(entry);
    Optional<Cidr> address = Cidr.address(at.host());
    if (address.isPresent()) {
      return Optional.of(new Bypass.Address(address.get(), at.port()));
    }
    String name = at.host().startsWith("*.") ? at.host().substring(1) : at.host();
    if (name.isEmpty() || name.equals(".")) {
      return Optional.empty();
    }
    return Optional.of(
        name.startsWith(".")
            ? new Bypass.Name(name, false, at.port())
            : new Bypass.Name("." + name, true, at.port()));
  }

  /** The proxy for a URL, or empty for a direct connection. */
  public Optional<URI> forUrl(URI url) {
    boolean tls = "https".equalsIgnoreCase(url.getScheme());
    Optional<URI> proxy = tls ? https : http;
    if (proxy.isEmpty() || none) {
      return Optional.empty();
    }
    String host = Optional.ofNullable(url.getHost()).orElse("").toLowerCase(Locale.ROOT).strip();
    int port = url.getPort() >= 0 ? url.getPort() : tls ? 443 : 80;
    return bypassed(HostPort.bare(host), port) ? Optional.empty() : proxy;
  }

  private boolean bypassed(String host, int port) {
    Optional<Cidr> address = Cidr.address(host);
    if (host.equals("localhost") || address.filter(Cidr::isLoopback).isPresent()) {
      return true;
    }
    String name = host.endsWith(".") ? host.substring(0, host.length() - 1) : host;
    return bypasses.stream().anyMatch(b -> matches(b, name, address, port));
  }

  private static boolean matches(Bypass bypass, String host, Optional<Cidr> address, int port) {
    return switch (bypass) {
      case Bypass.Range(Cidr cidr) -> address.filter(cidr::contains).isPresent();
      case Bypass.Address(Cidr cidr, int only) ->
          address.filter(cidr::contains).isPresent() && (only == 0 || only == port);
      case Bypass.Name(String suffix, boolean itself, int only) ->
          (host.endsWith(suffix) || (itself && host.equals(suffix.substring(1))))
              && (only == 0 || only == port);
    };
  }
}

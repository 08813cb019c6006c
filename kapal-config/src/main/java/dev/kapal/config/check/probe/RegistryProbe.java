package dev.kapal.config.check.probe;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Proxy;
import java.net.ProxySelector;
import java.net.SocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Asks a registry for its version endpoint (distribution-spec, "Determining Support"). */
final class RegistryProbe {
  private RegistryProbe() {}

  /** Empty: it answers, with whatever status. */
  static Optional<String> reach(String address, Duration limit, Map<String, String> environment) {
    URI uri;
    try {
      uri = uri(address);
    } catch (IllegalArgumentException e) {
      return Optional.of("\"" + address + "\" is no address of a registry: write HOST[:PORT]");
    }
    try (HttpClient client =
        HttpClient.newBuilder()
            .connectTimeout(limit)
            .proxy(proxies(environment))
            .followRedirects(HttpClient.Redirect.NEVER)
            .build()) {
      HttpResponse<Void> answer =
          client.send(
              HttpRequest.newBuilder(uri).timeout(limit).GET().build(),
              HttpResponse.BodyHandlers.discarding());
      return answer.statusCode() < 500
          ? Optional.empty()
          : Optional.of("it answers with status " + answer.statusCode());
    } catch (IOException e) {
      return Optional.of(reason(e));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return Optional.of("interrupted");
    }
  }

  private static String reason(IOException e) {
    Throwable cause = e;
    while (cause.getCause() != null && cause.getMessage() == null) {
      cause = cause.getCause();
    }
    return switch (e) {
      case java.net.http.HttpTimeoutException _ -> "it did not answer in time";
      default ->
          cause instanceof java.nio.channels.UnresolvedAddressException
                  || cause instanceof java.net.UnknownHostException
              ? "its name is not known"
              : cause.getMessage() == null ? "the connection was refused" : cause.getMessage();
    };
  }

  private static URI uri(String address) {
    String name = address.equals("docker.io") ? "registry-1.docker.io" : address;
    if (name.startsWith("http://") || name.startsWith("https://")) {
      return URI.create(name.replaceFirst("/+$", "") + "/v2/");
    }
    if (!name.matches("[A-Za-z0-9.-]+(:[0-9]{1,5})?|\\[[0-9A-Fa-f:]+](:[0-9]{1,5})?")) {
      throw new IllegalArgumentException(name);
    }
    boolean plain = name.matches("(localhost|127\\..*|\\[::1].*)(:[0-9]+)?");
    return URI.create((plain ? "http://" : "https://") + name + "/v2/");
  }

  /** The daemon's proxies, as it uses them for pulls. */
  private static ProxySelector proxies(Map<String, String> environment) {
    return new ProxySelector() {
      @Override
      public List<Proxy> select(URI uri) {
        String name = uri.getScheme().equals("https") ? "HTTPS_PROXY" : "HTTP_PROXY";
        String value =
            environment.getOrDefault(
                name, environment.getOrDefault(name.toLowerCase(java.util.Locale.ROOT), ""));
        String none =
            environment.getOrDefault("NO_PROXY", environment.getOrDefault("no_proxy", ""));
        if (value.isEmpty() || excepted(uri.getHost(), none)) {
          return List.of(Proxy.NO_PROXY);
        }
        URI proxy = URI.create(value.contains("://") ? value : "http://" + value);
        int port = proxy.getPort() < 0 ? 80 : proxy.getPort();
        return List.of(
            new Proxy(Proxy.Type.HTTP, InetSocketAddress.createUnresolved(proxy.getHost(), port)));
      }

      @Override
      public void connectFailed(URI uri, SocketAddress address, IOException e) {
        // What failed is told by the request.
      }
    };
  }

  static boolean excepted(String host, String none) {
    for (String entry : none.split(",", -1)) {
      String suffix = entry.strip().replaceFirst("^\\*?\\.", "");
      if (suffix.equals("*")
          || (!suffix.isEmpty() && (host.equals(suffix) || host.endsWith("." + suffix)))) {
        return true;
      }
    }
    return host.equals("localhost") || host.startsWith("127.");
  }
}

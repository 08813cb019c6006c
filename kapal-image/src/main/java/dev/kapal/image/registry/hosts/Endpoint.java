package dev.kapal.image.registry.hosts;

import dev.kapal.image.registry.http.Route;
import dev.kapal.image.registry.http.Urls;
import java.net.URI;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * One place that answers for a registry: the registry's server or a mirror.
 *
 * @param base URL of the API's root without a slash at the end, {@code https://host/v2}
 * @param capabilities what it may be asked for
 * @param route how to connect
 * @param headers sent with every request to this endpoint
 * @param account under which name its credentials are looked up: never the one of the registry that
 *     it mirrors
 * @param namespace for mirrors, the registry that is meant ({@code ?ns=})
 * @param httpAllowed whether plain http may be spoken if the server turns out not to speak TLS
 */
public record Endpoint(
    URI base,
    Set<Capability> capabilities,
    Route route,
    Map<String, List<String>> headers,
    String account,
    Optional<String> namespace,
    boolean httpAllowed) {

  public Endpoint {
    capabilities = Set.copyOf(capabilities);
    headers = Map.copyOf(headers);
  }

  /** The same without TLS. */
  public Endpoint plain() {
    String text = base.toString();
    URI http = Urls.isHttps(base) ? URI.create("http" + text.substring("https".length())) : base;
    return new Endpoint(http, capabilities, route, headers, account, namespace, false);
  }

  /** host or host:port, for messages. */
  public String authority() {
    return Urls.authority(base);
  }
}

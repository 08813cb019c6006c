package dev.kapal.image.registry.http;

import java.net.URI;
import java.time.Duration;
import java.util.Optional;

/**
 * How connections to one endpoint are made. Requests of equal routes share connections.
 *
 * @param tls trust and client certificates
 * @param dial time limit for a connection
 * @param proxy a configured proxy; without it the environment's rules count
 */
public record Route(TlsSettings tls, Duration dial, Optional<URI> proxy) {

  /** The route to other hosts that this endpoint sends us to. */
  public Route elsewhere() {
    return new Route(tls.elsewhere(), dial, proxy);
  }
}

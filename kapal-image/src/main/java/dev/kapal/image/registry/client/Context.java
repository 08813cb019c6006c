package dev.kapal.image.registry.client;

import dev.kapal.image.registry.RegistryConfig;
import dev.kapal.image.registry.auth.Authenticator;
import dev.kapal.image.registry.hosts.Endpoint;
import dev.kapal.image.registry.hosts.Endpoints;
import dev.kapal.image.registry.http.HttpTransport;
import dev.kapal.image.registry.http.Urls;
import java.net.URI;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;

/** What all callers of one client share. */
final class Context implements AutoCloseable {
  final RegistryConfig config;
  final Endpoints endpoints;
  final HttpTransport transport;
  final Authenticator authenticator;
  final Retry retry;

  /** Places for uploads: one each. */
  final Semaphore uploads;

  /** Endpoints that may speak http and were found not to speak TLS. */
  private final Set<URI> plain = ConcurrentHashMap.newKeySet();

  /** Endpoints that may speak http and were found to speak TLS: no way back from there. */
  private final Set<URI> tls = ConcurrentHashMap.newKeySet();

  Context(RegistryConfig config) {
    this.config = config;
    this.endpoints = new Endpoints(config);
    this.transport = new HttpTransport(config);
    this.authenticator = new Authenticator(transport, config);
    this.retry = new Retry(config.timing());
    this.uploads = new Semaphore(config.maxUploads(), true);
  }

  /** The endpoint as it is to be spoken to. */
  Endpoint spoken(Endpoint endpoint) {
    return endpoint.httpAllowed() && plain.contains(endpoint.base()) ? endpoint.plain() : endpoint;
  }

  /** Whether http may be tried if TLS does not work. */
  boolean mayTurnOutPlain(Endpoint endpoint) {
    return endpoint.httpAllowed()
        && Urls.isHttps(endpoint.base())
        && !plain.contains(endpoint.base())
        && !tls.contains(endpoint.base());
  }

  void speaksTls(Endpoint endpoint) {
    tls.add(endpoint.base());
  }

  void speaksNoTls(Endpoint endpoint) {
    plain.add(endpoint.base());
  }

  void undecided(Endpoint endpoint) {
    plain.remove(endpoint.base());
  }

  @Override
  public void close() {
    transport.close();
  }
}

package dev.kapal.image.registry.http;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * How TLS is spoken with one endpoint. Certificate authorities are trusted in addition to those of
 * the system.
 *
 * @param skipVerify accept any certificate for any name
 * @param authorities PEM files with certificates
 * @param clients certificates to show
 */
public record TlsSettings(boolean skipVerify, List<Path> authorities, List<ClientPair> clients) {

  /** System authorities, nothing to show. */
  public static final TlsSettings SYSTEM = new TlsSettings(false, List.of(), List.of());

  /**
   * A client certificate.
   *
   * @param certificate PEM file with the chain
   * @param key PEM file with the key; empty if it is in the same file
   */
  public record ClientPair(Path certificate, Optional<Path> key) {}

  public TlsSettings {
    authorities = List.copyOf(authorities);
    clients = List.copyOf(clients);
  }

  /** For another host that the endpoint sends us to: our own certificate is not shown there. */
  public TlsSettings elsewhere() {
    return new TlsSettings(skipVerify, authorities, List.of());
  }

  /** The same, but any certificate will do. */
  public TlsSettings skippingVerification() {
    return new TlsSettings(true, authorities, clients);
  }
}

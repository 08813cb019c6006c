package dev.kapal.image.registry.http;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509TrustManager;

/**
 * The authorities that this machine trusts: the JDK's and the distribution's, which is where an
 * administrator adds the company's own (update-ca-certificates). Read when TLS is first spoken, not
 * at start; read again when the file changes.
 */
final class SystemTrust {
  private static final List<Path> BUNDLES =
      List.of(
          Path.of("/etc/ssl/certs/ca-certificates.crt"),
          Path.of("/etc/pki/tls/certs/ca-bundle.crt"),
          Path.of("/etc/ssl/ca-bundle.pem"));

  private final Optional<Path> bundle;

  /** Uses $SSL_CERT_FILE as other tools do, else the first bundle that is there. */
  SystemTrust(Map<String, String> environment) {
    String given = environment.getOrDefault("SSL_CERT_FILE", "");
    this.bundle =
        given.isEmpty()
            ? BUNDLES.stream().filter(Files::isReadable).findFirst()
            : Optional.of(Path.of(given));
  }

  Optional<Path> bundle() {
    return bundle;
  }

  List<X509Certificate> certificates() throws IOException {
    Set<X509Certificate> all = new LinkedHashSet<>(ofJdk());
    if (bundle.isPresent() && Files.isReadable(bundle.get())) {
      all.addAll(Pem.certificates(bundle.get()));
    }
    return List.copyOf(all);
  }

  private static List<X509Certificate> ofJdk() throws IOException {
    try {
      TrustManagerFactory factory =
          TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
      factory.init((KeyStore) null);
      List<X509Certificate> all = new ArrayList<>();
      for (TrustManager manager : factory.getTrustManagers()) {
        if (manager instanceof X509TrustManager x509) {
          all.addAll(List.of(x509.getAcceptedIssuers()));
        }
      }
      return all;
    } catch (GeneralSecurityException e) {
      throw new IOException("the JDK's trust store cannot be read: " + e.getMessage(), e);
    }
  }
}

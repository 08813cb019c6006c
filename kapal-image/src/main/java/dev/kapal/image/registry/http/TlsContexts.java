package dev.kapal.image.registry.http;

import dev.kapal.image.registry.http.TlsSettings.ClientPair;
import java.io.IOException;
import java.net.Socket;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.util.List;
import javax.net.ssl.KeyManager;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509ExtendedTrustManager;

/** Makes the TLS context for some settings. */
final class TlsContexts {
  private static final char[] NO_PASSWORD = new char[0];

  private TlsContexts() {}

  /**
   * @throws IOException if a certificate or key cannot be used; names the file
   */
  static SSLContext make(TlsSettings settings, List<X509Certificate> system) throws IOException {
    try {
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(
          settings.clients().isEmpty() ? new KeyManager[0] : keys(settings.clients()),
          settings.skipVerify()
              ? new TrustManager[] {new TrustAll()}
              : trust(settings.authorities(), system),
          new SecureRandom());
      return context;
    } catch (GeneralSecurityException e) {
      throw new IOException("TLS cannot be set up: " + e.getMessage(), e);
    }
  }

  private static TrustManager[] trust(List<Path> files, List<X509Certificate> system)
      throws GeneralSecurityException, IOException {
    KeyStore store = empty();
    int n = 0;
    for (X509Certificate certificate : system) {
      store.setCertificateEntry("system" + n++, certificate);
    }
    for (Path file : files) {
      for (X509Certificate certificate : Pem.certificates(file)) {
        store.setCertificateEntry("added" + n++, certificate);
      }
    }
    TrustManagerFactory factory =
        TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    factory.init(store);
    return factory.getTrustManagers();
  }

  private static KeyManager[] keys(List<ClientPair> pairs)
      throws GeneralSecurityException, IOException {
    KeyStore store = empty();
    int n = 0;
    for (ClientPair pair : pairs) {
      X509Certificate[] chain =
          Pem.certificates(pair.certificate()).toArray(new X509Certificate[0]);
      PrivateKey key = Pem.privateKey(pair.key().orElse(pair.certificate()));
      store.setKeyEntry("client" + n++, key, NO_PASSWORD, chain);
    }
    KeyManagerFactory factory =
        KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
    factory.init(store, NO_PASSWORD);
    return factory.getKeyManagers();
  }

  private static KeyStore empty() throws GeneralSecurityException, IOException {
    KeyStore store = KeyStore.getInstance("PKCS12");
    store.load(null, NO_PASSWORD);
    return store;
  }

  /**
   * For skip_verify. That it is the extended kind also switches off the check of the host's name.
   */
  private static final class TrustAll extends X509ExtendedTrustManager {
    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type) {}

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type) {}

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type, Socket socket) {}

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type, Socket socket) {}

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type, SSLEngine engine) {}

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type, SSLEngine engine) {}

    @Override
    public X509Certificate[] getAcceptedIssuers() {
      return new X509Certificate[0];
    }
  }
}

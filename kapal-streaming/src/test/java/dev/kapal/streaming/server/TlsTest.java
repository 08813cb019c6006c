package dev.kapal.streaming.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kapal.streaming.StreamRequest;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.util.List;
import java.util.Optional;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** TLS with a certificate of our own. */
@Timeout(60)
final class TlsTest {
  @TempDir Path folder;

  @Test
  void aCommandRunsOverTls() throws Exception {
    StreamingOptions.Tls tls = certificate();
    try (StreamingServer server =
        StreamingServer.start(StreamingOptions.loopback().withTls(tls), new Shell())) {
      String url =
          server.register(
              new StreamRequest.Exec("c", List.of("yes", "50"), false, true, false, false));
      assertThat(url).startsWith("https://127.0.0.1:");
      URI uri = URI.create(url);
      SSLContext context = trusting(tls.certificate());
      try (SpdyClient client =
          SpdyClient.connect(
              context.getSocketFactory().createSocket(uri.getHost(), uri.getPort()),
              uri,
              "v4.channel.k8s.io")) {
        int error = client.open("streamtype", "error");
        int out = client.open("streamtype", "stdout");
        assertThat(client.all(out)).hasSize(5_000_000);
        assertThat(client.text(error)).contains("Success");
      }
    }
  }

  @Test
  void aClientWithoutACertificateIsSentAwayWhereOneIsAsked() throws Exception {
    StreamingOptions.Tls own = certificate();
    StreamingOptions.Tls mutual =
        new StreamingOptions.Tls(own.certificate(), own.key(), Optional.of(own.certificate()));
    try (StreamingServer server =
        StreamingServer.start(StreamingOptions.loopback().withTls(mutual), new Shell())) {
      URI uri =
          URI.create(
              server.register(
                  new StreamRequest.Exec("c", List.of("yes", "1"), false, true, false, false)));
      SSLContext context = trusting(own.certificate());
      assertThatThrownBy(() ->
              SpdyClient.connect(
                  context.getSocketFactory().createSocket(uri.getHost(), uri.getPort()),
                  uri,
                  "v4.channel.k8s.io"))
          .isInstanceOfAny(IOException.class, ArrayIndexOutOfBoundsException.class);
    }
  }

  @Test
  void aKeyThatIsNoneIsExplained() throws Exception {
    Path nonsense = Files.writeString(folder.resolve("nonsense.pem"), "nonsense");
    assertThatThrownBy(() ->
            StreamingServer.start(
                StreamingOptions.loopback()
                    .withTls(new StreamingOptions.Tls(nonsense, nonsense, Optional.empty())),
                new Shell()))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("cannot use the streaming certificate " + nonsense)
        .hasMessageContaining("PKCS #8");
  }

  private StreamingOptions.Tls certificate() throws Exception {
    Path key = folder.resolve("key.pem");
    Path certificate = folder.resolve("certificate.pem");
    Process openssl;
    try {
      openssl =
          new ProcessBuilder(
                  "openssl",
                  "req",
                  "-x509",
                  "-newkey",
                  "ec",
                  "-pkeyopt",
                  "ec_paramgen_curve:prime256v1",
                  "-nodes",
                  "-days",
                  "2",
                  "-subj",
                  "/CN=node",
                  "-addext",
                  "subjectAltName=IP:127.0.0.1",
                  "-keyout",
                  key.toString(),
                  "-out",
                  certificate.toString())
              .redirectErrorStream(true)
              .start();
    } catch (IOException e) {
      Assumptions.abort("needs the openssl command: " + e.getMessage());
      throw e;
    }
    String said = new String(openssl.getInputStream().readAllBytes());
    assertThat(openssl.waitFor()).as(said).isZero();
    return new StreamingOptions.Tls(certificate, key, Optional.empty());
  }

  private static SSLContext trusting(Path certificate) throws Exception {
    KeyStore trusted = KeyStore.getInstance(KeyStore.getDefaultType());
    trusted.load(null, null);
    try (InputStream in = Files.newInputStream(certificate)) {
      trusted.setCertificateEntry(
          "node", CertificateFactory.getInstance("X.509").generateCertificate(in));
    }
    TrustManagerFactory managers =
        TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    managers.init(trusted);
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(null, managers.getTrustManagers(), null);
    return context;
  }
}

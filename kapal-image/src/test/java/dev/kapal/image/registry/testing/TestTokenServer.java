package dev.kapal.image.registry.testing;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.kapal.oci.OciJson;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.Signature;
import java.security.spec.PKCS8EncodedKeySpec;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A token server that docker-registry believes: everybody may pull {@code public/…}; {@link
 * RegistryServer#USER} with the password, or the identity token {@link #IDENTITY}, may do all.
 */
public final class TestTokenServer implements AutoCloseable {
  public static final String SERVICE = "test-registry";
  public static final String ISSUER = "test-issuer";
  public static final String IDENTITY = "refresh-me";

  private final HttpServer server;
  private final TestCertificates.Pair signer;
  private final PrivateKey key;
  private final AtomicInteger serial = new AtomicInteger();

  /** What was asked: method, query or form. */
  public final List<String> asked = new CopyOnWriteArrayList<>();

  /** Life of tokens in seconds as it is told. */
  public volatile int expiresIn = 300;

  /** Real life of tokens in seconds; shorter than told to play a clock that runs fast. */
  public volatile int realLife = 300;

  public TestTokenServer(Path folder)
      throws IOException, InterruptedException, GeneralSecurityException {
    this.signer = new TestCertificates.Pair(folder.resolve("tok.crt"), folder.resolve("tok.key"));
    TestCertificates.openssl(
        folder,
        "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=tokens -keyout tok.key -out tok.crt");
    this.key =
        KeyFactory.getInstance("RSA")
            .generatePrivate(new PKCS8EncodedKeySpec(decodePem(signer.key())));
    this.server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 50);
    server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
    server.createContext("/token", this::answer);
    server.start();
  }

  private static byte[] decodePem(Path file) throws IOException {
    String text = Files.readString(file).replaceAll("-----[^-]+-----", "");
    return Base64.getMimeDecoder().decode(text);
  }

  public URI realm() {
    return URI.create("http://localhost:" + server.getAddress().getPort() + "/token");
  }

  Path certificate() {
    return signer.certificate();
  }

  private void answer(HttpExchange exchange) throws IOException {
    try (exchange) {
      String text =
          exchange.getRequestMethod().equals("POST")
              ? new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.US_ASCII)
              : exchange.getRequestURI().getRawQuery();
      asked.add(exchange.getRequestMethod() + " " + text);
      boolean all = false;
      String authorization = exchange.getRequestHeaders().getFirst("Authorization");
      if (authorization != null) {
        String expected = RegistryServer.USER + ":" + RegistryServer.PASSWORD;
        all =
            authorization.equals(
                "Basic "
                    + Base64.getEncoder()
                        .encodeToString(expected.getBytes(StandardCharsets.UTF_8)));
        if (!all) {
          exchange.sendResponseHeaders(401, -1);
          return;
        }
      }
      List<String> scopes = new ArrayList<>();
      for (String pair : String.valueOf(text).split("&")) {
        String value =
            URLDecoder.decode(pair.substring(pair.indexOf('=') + 1), StandardCharsets.UTF_8);
        if (pair.startsWith("scope=")) {
          scopes.addAll(List.of(value.split(" ")));
        } else if (pair.startsWith("refresh_token=")) {
          all = value.equals(IDENTITY);
          if (!all) {
            exchange.sendResponseHeaders(401, -1);
            return;
          }
        }
      }
      byte[] body = OciJson.write(Map.of("token", token(scopes, all), "expires_in", expiresIn));
      exchange.sendResponseHeaders(200, body.length);
      exchange.getResponseBody().write(body);
    } catch (GeneralSecurityException e) {
      throw new IOException(e);
    }
  }

  private String token(List<String> scopes, boolean all)
      throws GeneralSecurityException, IOException {
    List<Map<String, Object>> access = new ArrayList<>();
    for (String scope : scopes) {
      String[] parts = scope.split(":");
      List<String> actions =
          all
              ? List.of(parts[2].split(","))
              : parts[1].startsWith("public/") ? List.of("pull") : List.of();
      access.add(Map.of("type", parts[0], "name", parts[1], "actions", actions));
    }
    String x5c = Base64.getEncoder().encodeToString(decodePem(signer.certificate()));
    Map<String, Object> header = Map.of("typ", "JWT", "alg", "RS256", "x5c", List.of(x5c));
    long now = Instant.now().getEpochSecond();
    Map<String, Object> claims = new LinkedHashMap<>();
    claims.put("iss", ISSUER);
    claims.put("sub", all ? RegistryServer.USER : "");
    claims.put("aud", SERVICE);
    claims.put("exp", now + realLife);
    claims.put("nbf", now - 60);
    claims.put("iat", now);
    claims.put("jti", "t" + serial.incrementAndGet());
    claims.put("access", access);
    String head = encode(OciJson.write(header)) + "." + encode(OciJson.write(claims));
    Signature signature = Signature.getInstance("SHA256withRSA");
    signature.initSign(key);
    signature.update(head.getBytes(StandardCharsets.US_ASCII));
    return head + "." + encode(signature.sign());
  }

  private static String encode(byte[] bytes) {
    return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
  }

  @Override
  public void close() {
    server.stop(0);
  }
}

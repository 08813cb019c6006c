package dev.kapal.image.registry.testing;

import dev.kapal.oci.Descriptor;
import dev.kapal.oci.Digest;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;

/** Debian's docker-registry on a loopback port, with its data in a folder that goes with it. */
public final class RegistryServer implements AutoCloseable {
  /** The user that {@link Options#basicAuth} lets in. */
  public static final String USER = "captain";

  /** That user's password. */
  public static final String PASSWORD = "secret-99";

  private static final String HTPASSWD =
      USER + ":$2y$05$abcdefghijklmnopqrstuu1hWBHjLgMUGnKiC01tI2WtTZ07nndma\n";
  private static final Path PROGRAM = Path.of("/usr/bin/docker-registry");
  private static final Pattern LISTENING = Pattern.compile("listening on [^\"]*?:([0-9]+)[\",]");

  /**
   * How the registry is set up.
   *
   * @param tls its certificate; without one it speaks http
   * @param clientAuthority whoever calls must show a certificate signed by this one
   * @param basicAuth whether {@link #USER} is the only one let in
   * @param tokens the token server to accept
   */
  public record Options(
      Optional<TestCertificates.Pair> tls,
      Optional<Path> clientAuthority,
      boolean basicAuth,
      Optional<TestTokenServer> tokens) {
    /** Open to all, without TLS. */
    public static final Options OPEN =
        new Options(Optional.empty(), Optional.empty(), false, Optional.empty());

    public Options withTls(TestCertificates.Pair pair) {
      return new Options(Optional.of(pair), clientAuthority, basicAuth, tokens);
    }

    public Options withClientAuthority(Path authority) {
      return new Options(tls, Optional.of(authority), basicAuth, tokens);
    }

    public Options withBasicAuth() {
      return new Options(tls, clientAuthority, true, tokens);
    }

    public Options withTokens(TestTokenServer server) {
      return new Options(tls, clientAuthority, basicAuth, Optional.of(server));
    }
  }

  private final Process process;
  private final Path folder;
  private final int port;
  private final boolean tls;

  private RegistryServer(Process process, Path folder, int port, boolean tls) {
    this.process = process;
    this.folder = folder;
    this.port = port;
    this.tls = tls;
  }

  /** Skips the test where the registry is not installed. */
  public static RegistryServer start() throws IOException, InterruptedException {
    return start(Options.OPEN);
  }

  /** Skips the test where the registry is not installed. */
  public static RegistryServer start(Options options) throws IOException, InterruptedException {
    Assumptions.assumeTrue(
        Files.isExecutable(PROGRAM), "needs docker-registry (Debian package docker-registry)");
    Path folder = Files.createTempDirectory("kapal-registry");
    Path config = folder.resolve("config.yml");
    Files.writeString(config, config(folder, options));
    Files.writeString(folder.resolve("htpasswd"), HTPASSWD);
    Path log = folder.resolve("log");
    ProcessBuilder builder =
        new ProcessBuilder(PROGRAM.toString(), "serve", config.toString())
            .redirectErrorStream(true)
            .redirectOutput(log.toFile());
    builder.environment().clear();
    Process process = builder.start();
    try {
      return new RegistryServer(process, folder, port(process, log), options.tls.isPresent());
    } catch (IOException | InterruptedException e) {
      process.destroyForcibly();
      remove(folder);
      throw e;
    }
  }

  private static String config(Path folder, Options options) {
    StringBuilder text = new StringBuilder();
    text.append("version: 0.1\nlog:\n  level: info\nstorage:\n  delete:\n    enabled: true\n")
        .append("  filesystem:\n    rootdirectory: ")
        .append(folder.resolve("data"))
        .append("\nhttp:\n  addr: 127.0.0.1:0\n");
    options.tls.ifPresent(pair -> {
      text.append("  tls:\n    certificate: ").append(pair.certificate());
      text.append("\n    key: ").append(pair.key()).append('\n');
      options.clientAuthority.ifPresent(
          ca -> text.append("    clientcas:\n      - ").append(ca).append('\n'));
    });
    if (options.basicAuth) {
      text.append("auth:\n  htpasswd:\n    realm: test\n    path: ")
          .append(folder.resolve("htpasswd"))
          .append('\n');
    }
    options.tokens.ifPresent(server ->
        text.append("auth:\n  token:\n    realm: ")
            .append(server.realm())
            .append("\n    service: ")
            .append(TestTokenServer.SERVICE)
            .append("\n    issuer: ")
            .append(TestTokenServer.ISSUER)
            .append("\n    rootcertbundle: ")
            .append(server.certificate())
            .append('\n'));
    return text.toString();
  }

  private static int port(Process process, Path log) throws IOException, InterruptedException {
    for (int i = 0; i < 400; i++) {
      String text = Files.readString(log);
      Matcher matcher = LISTENING.matcher(text);
      if (matcher.find()) {
        return Integer.parseInt(matcher.group(1));
      }
      if (!process.isAlive()) {
        throw new IOException("docker-registry ended at once: " + text);
      }
      Thread.sleep(25);
    }
    throw new IOException("docker-registry does not listen: " + Files.readString(log));
  }

  public int port() {
    return port;
  }

  /** {@code localhost:PORT}. */
  public String name() {
    return "localhost:" + port;
  }

  /** URL without a path. */
  public URI url() {
    return URI.create((tls ? "https" : "http") + "://localhost:" + port);
  }

  /** What the registry wrote to its log. */
  public String log() throws IOException {
    return Files.readString(folder.resolve("log"));
  }

  /** Puts a blob there, not using the code under test. */
  public Descriptor putBlob(String repository, byte[] content)
      throws IOException, InterruptedException {
    try (HttpClient client = HttpClient.newHttpClient()) {
      URI uploads = url().resolve("/v2/" + repository + "/blobs/uploads/");
      HttpResponse<Void> opened =
          client.send(
              HttpRequest.newBuilder(uploads).POST(BodyPublishers.noBody()).build(),
              BodyHandlers.discarding());
      Digest digest = Digest.sha256(content);
      String location = opened.headers().firstValue("Location").orElseThrow();
      URI put = URI.create(location + (location.contains("?") ? "&" : "?") + "digest=" + digest);
      HttpResponse<String> done =
          client.send(
              HttpRequest.newBuilder(put).PUT(BodyPublishers.ofByteArray(content)).build(),
              BodyHandlers.ofString());
      check(done, 201);
      return new Descriptor("application/octet-stream", digest, content.length);
    }
  }

  /** Puts a manifest there, not using the code under test. */
  public void putManifest(String repository, String tag, String mediaType, byte[] content)
      throws IOException, InterruptedException {
    try (HttpClient client = HttpClient.newHttpClient()) {
      URI put = url().resolve("/v2/" + repository + "/manifests/" + tag);
      HttpResponse<String> done =
          client.send(
              HttpRequest.newBuilder(put)
                  .header("Content-Type", mediaType)
                  .PUT(BodyPublishers.ofByteArray(content))
                  .build(),
              BodyHandlers.ofString());
      check(done, 201);
    }
  }

  private static void check(HttpResponse<String> answer, int status) throws IOException {
    if (answer.statusCode() != status) {
      throw new IOException("status " + answer.statusCode() + ": " + answer.body());
    }
  }

  @Override
  public void close() throws IOException, InterruptedException {
    process.destroyForcibly();
    process.waitFor(10, TimeUnit.SECONDS);
    remove(folder);
  }

  static void remove(Path folder) throws IOException {
    try (Stream<Path> all = Files.walk(folder)) {
      for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(path);
      }
    }
  }
}

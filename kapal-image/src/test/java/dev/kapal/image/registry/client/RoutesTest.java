package dev.kapal.image.registry.client;

import static dev.kapal.image.registry.testing.FaultProxy.request;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kapal.image.registry.CredentialSource;
import dev.kapal.image.registry.RegistryConfig;
import dev.kapal.image.registry.RegistryException;
import dev.kapal.image.registry.RepositoryName;
import dev.kapal.image.registry.TransferListener;
import dev.kapal.image.registry.testing.Clients;
import dev.kapal.image.registry.testing.FaultProxy;
import dev.kapal.image.registry.testing.FaultProxy.Fault;
import dev.kapal.image.registry.testing.FileTarget;
import dev.kapal.image.registry.testing.RegistryServer;
import dev.kapal.image.registry.testing.RegistryServer.Options;
import dev.kapal.image.registry.testing.TestCertificates;
import dev.kapal.image.registry.testing.TestProxy;
import dev.kapal.oci.Descriptor;
import dev.kapal.oci.Index;
import dev.kapal.oci.MediaTypes;
import dev.kapal.oci.OciJson;
import java.io.ByteArrayInputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Ways to a registry: TLS with our own authority, mirrors, forward proxies. */
class RoutesTest {
  private static final byte[] CONTENT = Clients.bytes(200_000, 40);
  private static final byte[] INDEX = OciJson.write(Index.of(List.of()));

  @TempDir Path folder;

  private RegistryConfig config() {
    return Clients.config().withHostsDirs(List.of(folder));
  }

  private void hosts(String registry, String toml) throws Exception {
    Files.createDirectories(folder.resolve(registry));
    Files.writeString(folder.resolve(registry).resolve("hosts.toml"), toml);
  }

  /** Pushes and pulls. */
  private void roundTrip(RegistryConfig config, String registry) throws Exception {
    try (RegistryClient client = new RegistryClient(config)) {
      RepositoryName repository = new RepositoryName(registry, "a/b");
      Descriptor blob = Descriptor.of("x/y", CONTENT);
      var all = client.as(CredentialSource.NONE);
      all.pushBlob(
          repository,
          blob,
          offset -> new ByteArrayInputStream(CONTENT),
          List.of(),
          TransferListener.SILENT);
      FileTarget target = new FileTarget(Files.createTempDirectory(folder, "target"));
      all.fetch(repository, blob, target, TransferListener.SILENT);
      assertThat(target.file(blob.digest())).hasBinaryContent(CONTENT);
    }
  }

  @Test
  void authoritiesAndClientCertificates() throws Exception {
    TestCertificates certificates = new TestCertificates(folder);
    TestCertificates.Pair mine = certificates.client();
    try (RegistryServer server =
        RegistryServer.start(
            Options.OPEN
                .withTls(certificates.server())
                .withClientAuthority(certificates.authority()))) {
      assertThatThrownBy(() -> roundTrip(config(), server.name()))
          .isInstanceOf(RegistryException.TlsProblem.class)
          .hasMessageContaining("not trusted")
          .hasMessageContaining("/etc/kapal/certs.d/" + server.name() + "/ca.crt");
      hosts(server.name(), "ca = \"" + certificates.authority() + "\"\n");
      assertThatThrownBy(() -> roundTrip(config(), server.name()))
          .isInstanceOf(RegistryException.class);
      hosts(
          server.name(),
          "ca = [\"../authority.crt\"]\nclient = [[\""
              + mine.certificate()
              + "\", \""
              + mine.key()
              + "\"]]\n");
      roundTrip(config(), server.name());
      Files.delete(folder.resolve(server.name()).resolve("hosts.toml"));
      Path docker = folder.resolve(server.name());
      Files.copy(certificates.authority(), docker.resolve("ca.crt"));
      Files.copy(mine.certificate(), docker.resolve("client.cert"));
      Files.copy(mine.key(), docker.resolve("client.key"));
      roundTrip(config(), server.name());
    }
  }

  @Test
  void wrongNamesAndSkippedVerification() throws Exception {
    TestCertificates certificates = new TestCertificates(folder);
    try (RegistryServer server =
        RegistryServer.start(Options.OPEN.withTls(certificates.otherName()))) {
      hosts(server.name(), "ca = \"../authority.crt\"\n");
      assertThatThrownBy(() -> roundTrip(config(), server.name()))
          .isInstanceOf(RegistryException.TlsProblem.class)
          .hasMessageContaining("other names");
      hosts(server.name(), "skip_verify = true\n");
      roundTrip(config(), server.name());
      roundTrip(Clients.config().withInsecure(Set.of("localhost")), server.name());
      hosts(server.name(), "ca = \"missing.crt\"\n");
      assertThatThrownBy(() -> roundTrip(config(), server.name()))
          .isInstanceOf(RegistryException.BadConfiguration.class)
          .hasMessageContaining("missing.crt");
    }
  }

  @Test
  void systemAuthoritiesComeFromTheBundleToo() throws Exception {
    TestCertificates certificates = new TestCertificates(folder);
    try (RegistryServer server =
        RegistryServer.start(Options.OPEN.withTls(certificates.server()))) {
      roundTrip(
          Clients.config()
              .withEnvironment(Map.of("SSL_CERT_FILE", certificates.authority().toString())),
          server.name());
    }
  }

  @Test
  void mirrorsAreTriedInOrder() throws Exception {
    try (RegistryServer server = RegistryServer.start();
        RegistryServer empty = RegistryServer.start();
        FaultProxy dead = new FaultProxy(server.url());
        FaultProxy lacking = new FaultProxy(empty.url());
        FaultProxy full = new FaultProxy(server.url());
        FaultProxy upstream = new FaultProxy(server.url())) {
      Descriptor blob = server.putBlob("a/b", CONTENT);
      server.putManifest("a/b", "v1", MediaTypes.INDEX, INDEX);
      String deadName = dead.name();
      dead.close();
      hosts(
          "registry.example_5000_",
          """
          server = "%s"
          [host."http://%s"]
            capabilities = ["pull", "resolve"]
            dial_timeout = "1s"
          [host."%s"]
            capabilities = ["pull"]
          [host."%s"]
            capabilities = ["pull", "resolve"]
            [host."%s".header]
              x-mirror = "yes"
          """
              .formatted(upstream.url(), deadName, lacking.url(), full.url(), full.url()));
      try (RegistryClient client = new RegistryClient(config())) {
        RepositoryName repository = new RepositoryName("registry.example:5000", "a/b");
        var all = client.as(CredentialSource.NONE);
        assertThat(all.resolve(repository, "v1").from()).startsWith(full.url().toString());
        assertThat(lacking.seen).as("not trusted to resolve").isEmpty();
        FileTarget target = new FileTarget(Files.createTempDirectory(folder, "target"));
        full.on(request("GET", "/blobs/"), new Fault.EndAfter(100_000))
            .on(request("GET", "/blobs/"), new Fault.Answer(404, Map.of(), ""));
        all.fetch(repository, blob, target, TransferListener.SILENT);
        assertThat(target.file(blob.digest())).hasBinaryContent(CONTENT);
        assertThat(lacking.count("GET", "/blobs/")).isEqualTo(1);
        assertThat(full.seen)
            .allSatisfy(r -> assertThat(r.target()).contains("ns=registry.example%3A5000"))
            .allSatisfy(r -> assertThat(r.header("x-mirror")).contains("yes"));
        assertThat(upstream.seen)
            .as("the server continues what the mirror began")
            .singleElement()
            .satisfies(r -> assertThat(r.header("range")).contains("bytes=100000-"));
        assertThatThrownBy(() -> all.resolve(repository, "v2"))
            .isInstanceOfSatisfying(
                RegistryException.NotFound.class, e -> assertThat(e.attempts()).hasSize(3))
            .hasMessageContaining("also tried")
            .hasMessageContaining(deadName);
      }
    }
  }

  @Test
  void aMirrorForAllAndMirrorsOfTheConfiguration() throws Exception {
    try (RegistryServer server = RegistryServer.start()) {
      server.putManifest("library/busybox", "latest", MediaTypes.INDEX, INDEX);
      hosts("_default", "[host.\"" + server.url() + "\"]\n");
      RepositoryName hub = new RepositoryName("docker.io", "library/busybox");
      try (RegistryClient client = new RegistryClient(config())) {
        assertThat(client.as(CredentialSource.NONE).resolve(hub, "latest").from())
            .startsWith(server.url().toString());
      }
      RegistryConfig own =
          Clients.config().withMirrors(Map.of("docker.io", List.of(server.url().toString())));
      try (RegistryClient client = new RegistryClient(own)) {
        assertThat(client.as(CredentialSource.NONE).resolve(hub, "latest").from())
            .startsWith(server.url().toString());
      }
    }
  }

  @Test
  void forwardProxiesWithAPassword() throws Exception {
    TestCertificates certificates = new TestCertificates(folder);
    try (RegistryServer plain = RegistryServer.start();
        RegistryServer secure =
            RegistryServer.start(Options.OPEN.withTls(certificates.otherName()));
        TestProxy proxy = new TestProxy()) {
      String secureName = "elsewhere.example:" + secure.port();
      String plainName = "nowhere.example:" + plain.port();
      hosts(secureName, "ca = \"../authority.crt\"\n");
      hosts(plainName, "server = \"http://" + plainName + "\"\n");
      plain.putManifest("a/b", "v1", MediaTypes.INDEX, INDEX);
      Map<String, String> through =
          Map.of(
              "https_proxy", "http://sailor:knots@" + proxy.name(),
              "HTTP_PROXY", "sailor:knots@" + proxy.name());
      try (RegistryClient client = new RegistryClient(config().withEnvironment(through))) {
        var all = client.as(CredentialSource.NONE);
        assertThat(all.resolve(new RepositoryName(plainName, "a/b"), "v1").content())
            .isEqualTo(INDEX);
        assertThat(all.head(new RepositoryName(secureName, "a/b"), "v1")).isEmpty();
        all.head(new RepositoryName(plain.name(), "a/b"), "v1");
      }
      assertThat(proxy.seen).anyMatch(line -> line.startsWith("GET http://" + plainName));
      assertThat(proxy.seen).anyMatch(line -> line.startsWith("CONNECT " + secureName));
      assertThat(proxy.seen).noneMatch(line -> line.contains(plain.name()));
      Map<String, String> wrong = Map.of("https_proxy", "http://sailor:rope-3@" + proxy.name());
      try (RegistryClient client = new RegistryClient(config().withEnvironment(wrong))) {
        assertThatThrownBy(() ->
                client.as(CredentialSource.NONE).head(new RepositoryName(secureName, "a/b"), "v1"))
            .isInstanceOf(RegistryException.Unreachable.class)
            .hasMessageContaining("proxy")
            .hasMessageNotContaining("rope-3");
      }
      assertThatThrownBy(
              () -> new RegistryClient(config().withEnvironment(Map.of("HTTPS_PROXY", "ftp://x"))))
          .isInstanceOf(RegistryException.BadConfiguration.class)
          .hasMessageContaining("HTTPS_PROXY");
    }
  }
}

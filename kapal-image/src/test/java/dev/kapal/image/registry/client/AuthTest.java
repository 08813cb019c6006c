package dev.kapal.image.registry.client;

import static dev.kapal.image.registry.testing.FaultProxy.request;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kapal.image.registry.CredentialSource;
import dev.kapal.image.registry.Credentials;
import dev.kapal.image.registry.PushOutcome;
import dev.kapal.image.registry.Registry;
import dev.kapal.image.registry.RegistryException;
import dev.kapal.image.registry.RepositoryName;
import dev.kapal.image.registry.TransferListener;
import dev.kapal.image.registry.auth.AuthFile;
import dev.kapal.image.registry.testing.Clients;
import dev.kapal.image.registry.testing.FaultProxy;
import dev.kapal.image.registry.testing.FaultProxy.Fault;
import dev.kapal.image.registry.testing.FileTarget;
import dev.kapal.image.registry.testing.RegistryServer;
import dev.kapal.image.registry.testing.RegistryServer.Options;
import dev.kapal.image.registry.testing.TestTokenServer;
import dev.kapal.oci.Descriptor;
import java.io.ByteArrayInputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Who may do what, at registries that really check. */
class AuthTest {
  private static final Credentials RIGHT =
      new Credentials.Basic(RegistryServer.USER, RegistryServer.PASSWORD);
  private static final Credentials WRONG = new Credentials.Basic(RegistryServer.USER, "guess-77");

  @TempDir Path folder;

  private static PushOutcome push(Registry registry, RepositoryName repository, byte[] content) {
    return registry.pushBlob(
        repository,
        Descriptor.of("x/y", content),
        offset -> new ByteArrayInputStream(content),
        List.of(),
        TransferListener.SILENT);
  }

  private void fetch(Registry registry, RepositoryName repository, byte[] content)
      throws Exception {
    FileTarget target = new FileTarget(Files.createTempDirectory(folder, "target"));
    registry.fetch(repository, Descriptor.of("x/y", content), target, TransferListener.SILENT);
    assertThat(target.file(Descriptor.of("x/y", content).digest())).hasBinaryContent(content);
  }

  @Test
  void basic() throws Exception {
    byte[] content = Clients.bytes(1000, 20);
    try (RegistryServer server = RegistryServer.start(Options.OPEN.withBasicAuth());
        FaultProxy proxy = new FaultProxy(server.url());
        RegistryClient client = new RegistryClient(Clients.config())) {
      RepositoryName repository = new RepositoryName(proxy.name(), "a/b");
      Registry known = client.as(CredentialSource.only(proxy.name(), RIGHT));
      assertThat(push(known, repository, content)).isEqualTo(PushOutcome.UPLOADED);
      fetch(known, repository, content);
      long unauthorized =
          proxy.seen.stream().filter(r -> r.header("authorization").isEmpty()).count();
      assertThat(unauthorized).as("challenged once").isEqualTo(1);
      assertThatThrownBy(() -> fetch(client.as(CredentialSource.NONE), repository, content))
          .isInstanceOf(RegistryException.Unauthorized.class)
          .hasMessageContaining("kapal login " + proxy.name());
      Registry guesser = client.as(CredentialSource.only(proxy.name(), WRONG));
      assertThatThrownBy(() -> fetch(guesser, repository, content))
          .isInstanceOf(RegistryException.Unauthorized.class)
          .hasMessageNotContaining("guess-77");
    }
  }

  @Test
  void tokens() throws Exception {
    byte[] content = Clients.bytes(1000, 21);
    try (TestTokenServer tokens = new TestTokenServer(folder);
        RegistryServer server = RegistryServer.start(Options.OPEN.withTokens(tokens));
        RegistryClient client = new RegistryClient(Clients.config())) {
      RepositoryName open = new RepositoryName(server.name(), "public/b");
      RepositoryName closed = new RepositoryName(server.name(), "private/b");
      Registry known = client.as(CredentialSource.only(server.name(), RIGHT));
      push(known, open, content);
      push(known, closed, content);
      int asked = tokens.asked.size();
      assertThat(asked).as("one token per repository").isEqualTo(2);
      push(known, open, Clients.bytes(1000, 22));
      assertThat(tokens.asked).as("the token is used again").hasSize(asked);
      Registry nobody = client.as(CredentialSource.NONE);
      fetch(nobody, open, content);
      assertThat(tokens.asked).last().asString().contains("service=").doesNotContain("account");
      assertThatThrownBy(() -> fetch(nobody, closed, content))
          .isInstanceOf(RegistryException.Unauthorized.class);
      Registry identity =
          client.as(
              CredentialSource.only(
                  server.name(), new Credentials.IdentityToken(TestTokenServer.IDENTITY)));
      fetch(identity, closed, content);
      assertThat(tokens.asked)
          .last()
          .asString()
          .startsWith("POST ")
          .contains("grant_type=refresh_token", "scope=repository%3Aprivate%2Fb%3Apull");
      Registry forged =
          client.as(
              CredentialSource.only(server.name(), new Credentials.IdentityToken("forged-5")));
      assertThatThrownBy(() -> fetch(forged, closed, content))
          .isInstanceOf(RegistryException.Unauthorized.class)
          .hasMessageNotContaining("forged-5");
      Registry guesser = client.as(CredentialSource.only(server.name(), WRONG));
      assertThatThrownBy(() -> fetch(guesser, closed, content))
          .isInstanceOf(RegistryException.Unauthorized.class)
          .hasMessageContaining("token server");
    }
  }

  @Test
  void aTokenThatIsRefusedIsReplaced() throws Exception {
    byte[] content = Clients.bytes(1000, 23);
    try (TestTokenServer tokens = new TestTokenServer(folder);
        RegistryServer server = RegistryServer.start(Options.OPEN.withTokens(tokens));
        RegistryClient client = new RegistryClient(Clients.config())) {
      RepositoryName repository = new RepositoryName(server.name(), "private/b");
      Registry known = client.as(CredentialSource.only(server.name(), RIGHT));
      tokens.realLife = -3600; // the registry takes it for expired
      assertThatThrownBy(() -> push(known, repository, content))
          .isInstanceOf(RegistryException.Unauthorized.class);
      tokens.realLife = 300;
      assertThat(push(known, repository, content)).isEqualTo(PushOutcome.UPLOADED);
    }
  }

  @Test
  void manyRequestsAskForOneToken() throws Exception {
    try (TestTokenServer tokens = new TestTokenServer(folder);
        RegistryServer server = RegistryServer.start(Options.OPEN.withTokens(tokens));
        RegistryClient client = new RegistryClient(Clients.config())) {
      RepositoryName repository = new RepositoryName(server.name(), "private/b");
      Registry known = client.as(CredentialSource.only(server.name(), RIGHT));
      List<Descriptor> blobs = new java.util.ArrayList<>();
      for (int i = 0; i < 6; i++) {
        byte[] content = Clients.bytes(1000, 30 + i);
        push(known, repository, content);
        blobs.add(Descriptor.of("x/y", content));
      }
      int before = tokens.asked.size();
      known.fetchAll(repository, blobs, new FileTarget(folder), blob -> TransferListener.SILENT);
      assertThat(tokens.asked).hasSize(before + 1);
    }
  }

  @Test
  void tokenServersWithoutTlsGetNoPasswordFromRegistriesWithTls() {
    assertThat(new FaultLessRealm().refused("https://registry.example/v2", "http://evil.example/t"))
        .hasMessageContaining("without TLS");
  }

  /** Asks the authenticator as if a registry had challenged. */
  private static final class FaultLessRealm {
    Throwable refused(String base, String realm) {
      try (RegistryClient client = new RegistryClient(Clients.config());
          Context context = new Context(Clients.config())) {
        assertThat(client).isNotNull();
        return org.assertj.core.api.Assertions.catchThrowable(() ->
            context.authenticator.after(
                java.net.URI.create(base),
                new dev.kapal.image.registry.http.Route(
                    dev.kapal.image.registry.http.TlsSettings.SYSTEM,
                    Duration.ofSeconds(1),
                    java.util.Optional.empty()),
                RIGHT,
                java.util.Collections.emptySortedSet(),
                List.of("Bearer realm=\"" + realm + "\""),
                java.util.Optional.empty()));
      }
    }
  }

  @Test
  void aRegistryVerifiesAndAFileKeeps() throws Exception {
    Path config = folder.resolve("home/.docker/config.json");
    AuthFile file =
        new AuthFile(
            config,
            dev.kapal.image.registry.auth.CredentialHelper.Calls.own(
                Map.of(), Duration.ofSeconds(5)));
    try (RegistryServer server = RegistryServer.start(Options.OPEN.withBasicAuth());
        RegistryClient client = new RegistryClient(Clients.config())) {
      assertThatThrownBy(() -> verify(client, server, WRONG))
          .isInstanceOf(RegistryException.Unauthorized.class);
      verify(client, server, RIGHT);
      assertThat(config).doesNotExist();
      assertThat(file.store(server.name(), RIGHT)).isEqualTo(config.toString());
      assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(config)))
          .isEqualTo("rw-------");
      assertThat(file.find(server.name())).isEqualTo(RIGHT);
      byte[] content = Clients.bytes(10, 24);
      push(client.as(file), new RepositoryName(server.name(), "a/b"), content);
      assertThat(file.erase(server.name())).isTrue();
      assertThat(file.erase(server.name())).isFalse();
      assertThat(file.find(server.name())).isEqualTo(Credentials.ANONYMOUS);
    }
    try (TestTokenServer tokens = new TestTokenServer(folder);
        RegistryServer server = RegistryServer.start(Options.OPEN.withTokens(tokens));
        RegistryClient client = new RegistryClient(Clients.config())) {
      assertThatThrownBy(() -> verify(client, server, WRONG))
          .isInstanceOf(RegistryException.Unauthorized.class);
      verify(client, server, RIGHT);
    }
  }

  private static void verify(
      RegistryClient client, RegistryServer server, Credentials credentials) {
    client
        .as(dev.kapal.image.registry.CredentialSource.only(server.name(), credentials))
        .verify(server.name());
  }

  @Test
  void aTokenServerThatIsBusyIsAskedAgain() throws Exception {
    byte[] content = Clients.bytes(1000, 25);
    try (TestTokenServer tokens = new TestTokenServer(folder);
        FaultProxy realm = new FaultProxy(tokens.realm());
        RegistryServer server = RegistryServer.start(Options.OPEN.withTokens(tokens));
        FaultProxy proxy = new FaultProxy(server.url());
        RegistryClient client = new RegistryClient(Clients.config())) {
      String challenge =
          "Bearer realm=\"" + realm.url() + "/token\",service=\"" + TestTokenServer.SERVICE + "\"";
      proxy.on(
          r -> r.header("authorization").isEmpty(),
          new Fault.Answer(401, Map.of("WWW-Authenticate", challenge), ""));
      realm.on(
          request("GET", "/token"),
          new Fault.Answer(503, Map.of(), ""),
          new Fault.Answer(429, Map.of("Retry-After", "1"), ""));
      Registry known = client.as(CredentialSource.only(proxy.name(), RIGHT));
      push(known, new RepositoryName(proxy.name(), "private/b"), content);
      assertThat(realm.seen).hasSize(3);
    }
  }
}

package dev.kapal.image.registry.hosts;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kapal.image.registry.RegistryConfig;
import dev.kapal.image.registry.RegistryException.BadConfiguration;
import dev.kapal.image.registry.http.TlsSettings.ClientPair;
import dev.kapal.image.registry.testing.Clients;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class EndpointsTest {
  @TempDir Path folder;

  private List<Endpoint> of(String registry) {
    return new Endpoints(Clients.config().withHostsDirs(List.of(folder))).of(registry);
  }

  private void write(String host, String toml) throws Exception {
    Files.createDirectories(folder.resolve(host));
    Files.writeString(folder.resolve(host).resolve("hosts.toml"), toml);
  }

  @ParameterizedTest
  @CsvSource({
    "docker.io, https://registry-1.docker.io/v2, docker.io, false",
    "quay.io, https://quay.io/v2, quay.io, false",
    "r.example:5000, https://r.example:5000/v2, r.example:5000, false",
    "localhost:5000, https://localhost:5000/v2, localhost:5000, true",
    "localhost, https://localhost/v2, localhost, true",
    "127.0.0.1:80, https://127.0.0.1:80/v2, 127.0.0.1:80, true",
    "127.1.2.3, https://127.1.2.3/v2, 127.1.2.3, true",
    "[::1]:5000, https://[::1]:5000/v2, [::1]:5000, true",
    "128.0.0.1:5000, https://128.0.0.1:5000/v2, 128.0.0.1:5000, false",
    "localhost.evil.example, https://localhost.evil.example/v2, localhost.evil.example, false"
  })
  void withoutConfiguration(String registry, String base, String account, boolean http) {
    assertThat(of(registry))
        .singleElement()
        .satisfies(e -> {
          assertThat(e.base()).isEqualTo(URI.create(base));
          assertThat(e.account()).isEqualTo(account);
          assertThat(e.httpAllowed()).isEqualTo(http);
          assertThat(e.route().tls().skipVerify()).isFalse();
          assertThat(e.namespace()).isEmpty();
        });
  }

  @Test
  void everySettingOfHostsToml() throws Exception {
    write(
        "docker.io",
        """
        server = "https://docker.io"
        dial_timeout = "1m1.5s"
        [host."https://z.example/some/path/"]
          capabilities = ["pull", "Resolve"]
          ca = ["a.pem", "/abs/b.pem"]
          client = [["c.cert", "c.key"], ["d.pem", ""]]
          skip_verify = true
          override_path = true
          dial_timeout = "500ms"
          proxy = "http://proxy.example:3128/"
          unknown = 7
          [host."https://z.example/some/path/".header]
            x-one = "1"
            x-two = ["2", "3"]
        [host."a.example:5000"]
          client = "e.pem"
        """);
    List<Endpoint> all = of("docker.io");
    assertThat(all)
        .extracting(e -> e.base().toString())
        .containsExactly(
            "https://z.example/some/path",
            "https://a.example:5000/v2",
            "https://registry-1.docker.io/v2");
    Endpoint first = all.getFirst();
    assertThat(first.capabilities()).isEqualTo(Set.of(Capability.PULL, Capability.RESOLVE));
    assertThat(first.route().tls().authorities())
        .containsExactly(folder.resolve("docker.io/a.pem"), Path.of("/abs/b.pem"));
    assertThat(first.route().tls().clients())
        .containsExactly(
            new ClientPair(
                folder.resolve("docker.io/c.cert"), Optional.of(folder.resolve("docker.io/c.key"))),
            new ClientPair(folder.resolve("docker.io/d.pem"), Optional.empty()));
    assertThat(first.route().tls().skipVerify()).isTrue();
    assertThat(first.route().dial()).isEqualTo(Duration.ofMillis(500));
    assertThat(first.route().proxy()).contains(URI.create("http://proxy.example:3128/"));
    assertThat(first.headers())
        .isEqualTo(Map.of("x-one", List.of("1"), "x-two", List.of("2", "3")));
    assertThat(first.account()).as("never the mirrored registry's").isEqualTo("z.example");
    assertThat(first.namespace()).contains("docker.io");
    assertThat(all.get(1).capabilities()).hasSize(3);
    assertThat(all.get(2).account()).isEqualTo("docker.io");
    assertThat(all.get(2).namespace()).isEmpty();
    assertThat(all.get(2).route().dial()).isEqualTo(Duration.ofMillis(61_500));
  }

  @Test
  void foldersByPrecedence() throws Exception {
    write("_default", "server = \"https://default.example\"");
    assertThat(of("r.example:5000").getFirst().authority()).isEqualTo("default.example");
    write("r.example:5000", "server = \"https://colon.example\"");
    assertThat(of("r.example:5000").getFirst().authority()).isEqualTo("colon.example");
    write("r.example_5000_", "server = \"https://under.example\"");
    assertThat(of("r.example:5000").getFirst().authority()).isEqualTo("under.example");
    assertThat(of("r.example:5001").getFirst().authority()).isEqualTo("default.example");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "server = 5",
        "server = \"ftp://x\"",
        "server = \"https://u:p@x\"",
        "capabilities = [\"fly\"]",
        "ca = [1]",
        "client = [[\"a\",\"b\",\"c\"]]",
        "skip_verify = \"yes\"",
        "dial_timeout = \"fast\"",
        "dial_timeout = \"-1s\"",
        "dial_timeout = \"999h\"",
        "host = 3",
        "[host]\n\"https://x\" = 3",
        "[host.\"\"]",
        "[host.\"https://\"]",
        "[header]\nhost = \"x\"",
        "[header]\n\"a b\" = \"x\"",
        "[header]\na = \"x\\r\\nb: c\"",
        "proxy = \"socks5://x:1\"",
        "server = ",
        "[[[",
        "override_path = 1"
      })
  void wrongSettingsNameTheFile(String toml) throws Exception {
    write("r.example", toml);
    assertThatThrownBy(() -> of("r.example"))
        .isInstanceOf(BadConfiguration.class)
        .hasMessageContaining(folder.resolve("r.example/hosts.toml").toString());
  }

  @Test
  void insecureRegistries() {
    RegistryConfig config =
        Clients.config().withInsecure(Set.of("a.example", "b.example:5000", "10.0.0.0/8"));
    Endpoints endpoints = new Endpoints(config);
    for (String registry :
        List.of("a.example", "a.example:99", "b.example:5000", "10.1.2.3:5000")) {
      Endpoint endpoint = endpoints.of(registry).getFirst();
      assertThat(endpoint.httpAllowed()).as(registry).isTrue();
      assertThat(endpoint.route().tls().skipVerify()).as(registry).isTrue();
    }
    for (String registry : List.of("b.example", "b.example:5001", "11.1.2.3", "x.a.example")) {
      assertThat(endpoints.of(registry).getFirst().httpAllowed()).as(registry).isFalse();
    }
  }

  @Test
  void aClientCertificateNeedsItsKey() throws Exception {
    Files.createDirectories(folder.resolve("r.example"));
    Files.writeString(folder.resolve("r.example/x.cert"), "");
    assertThatThrownBy(() -> of("r.example"))
        .isInstanceOf(BadConfiguration.class)
        .hasMessageContaining("x.key");
  }
}

package dev.kapal.image.registry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import dev.kapal.image.registry.RegistryException.BadConfiguration;
import dev.kapal.image.registry.auth.AuthFile;
import dev.kapal.image.registry.auth.Challenge;
import dev.kapal.image.registry.hosts.Endpoints;
import dev.kapal.image.registry.http.ContentRange;
import dev.kapal.image.registry.http.LinkHeader;
import dev.kapal.image.registry.http.ProxyRules;
import dev.kapal.image.registry.testing.Clients;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Parsers of foreign text get mutated text: they answer or refuse, and nothing else. */
@SuppressWarnings("StringConcatToTextBlock") // a seed in one piece is easier to mutate in mind
class FuzzTest {
  private static final String ALPHABET = "\",;=<>[]{}()\\/ \t\r\n\0:*-0aZü\uD800#.%+'";

  @TempDir Path folder;

  /** Mutates seeds with a fixed seed of the generator, so that a failure can be repeated. */
  private static void mutate(int rounds, Consumer<String> parser, String... seeds) {
    Random random = new Random(42);
    for (int i = 0; i < rounds; i++) {
      StringBuilder text = new StringBuilder(seeds[random.nextInt(seeds.length)]);
      for (int n = random.nextInt(6); n >= 0; n--) {
        int at = random.nextInt(text.length() + 1);
        char c = ALPHABET.charAt(random.nextInt(ALPHABET.length()));
        switch (random.nextInt(4)) {
          case 0 -> text.insert(at, c);
          case 1 -> text.setLength(at);
          case 2 -> text.insert(at, text.substring(random.nextInt(at + 1), at));
          default -> {
            if (at < text.length()) {
              text.setCharAt(at, c);
            }
          }
        }
      }
      String input = text.toString();
      assertThatCode(() -> parser.accept(input)).as("input %s", input).doesNotThrowAnyException();
    }
  }

  @Test
  void challenges() {
    mutate(
        5_000,
        text ->
            Challenge.parse(List.of(text))
                .forEach(c -> assertThat(c.scheme()).isNotEmpty().doesNotContain(" ", ",", "\"")),
        "Bearer realm=\"https://a/t\",service=\"s\",scope=\"repository:a:pull\"",
        "Basic realm=\"x\\\"y\", Digest nonce=abc, qop=\"auth\"");
  }

  @Test
  void linksAndRanges() {
    mutate(
        5_000,
        text ->
            LinkHeader.next(List.of(text))
                .ifPresent(target -> assertThat(target).doesNotContain(">")),
        "</v2/a/tags/list?n=1&last=b>; rel=\"next\", <c>; rel=prev; title=\"x,y\"");
    mutate(
        5_000,
        text -> {
          ContentRange.parse(text)
              .ifPresent(r -> {
                assertThat(r.first()).isNotNegative().isLessThanOrEqualTo(r.last());
                r.total().ifPresent(t -> assertThat(r.last()).isLessThan(t));
              });
          ContentRange.uploaded(text).ifPresent(n -> assertThat(n).isPositive());
        },
        "bytes 10-99/100",
        "bytes 0-5/*",
        "0-1234");
  }

  @Test
  void proxyVariables() {
    mutate(
        3_000,
        text -> {
          ProxyRules rules = ProxyRules.of(Map.of("HTTPS_PROXY", "http://p:1", "NO_PROXY", text));
          assertThat(rules.forUrl(URI.create("https://localhost/"))).isEmpty();
        },
        "a.example,.b.example,*.c.example:80,10.0.0.0/8,[::1]:80,fe80::/10,*");
    mutate(
        3_000,
        text -> {
          try {
            ProxyRules.of(Map.of("HTTPS_PROXY", text));
          } catch (IllegalArgumentException e) {
            assertThat(e).hasMessageContaining("HTTPS_PROXY").hasMessageNotContaining("secret");
          }
        },
        "http://user:secret@proxy.example:3128");
  }

  @Test
  void hostsToml() {
    Path file = folder.resolve("hosts.toml");
    Endpoints endpoints = new Endpoints(Clients.config().withHostsDirs(List.of(folder)));
    mutate(
        500,
        text -> {
          try {
            Files.createDirectories(folder.resolve("r.example"));
            Files.writeString(
                folder.resolve("r.example").resolve(file.getFileName()),
                text.replace('\uD800', '?'));
            assertThat(endpoints.of("r.example")).isNotEmpty();
          } catch (BadConfiguration e) {
            assertThat(e).hasMessageContaining("hosts.toml");
          } catch (java.io.IOException e) {
            throw new java.io.UncheckedIOException(e);
          }
        },
        "server = \"https://a.example\"\n[host.\"http://b.example:1/x\"]\n"
            + "capabilities = [\"pull\"]\nca = [\"a\"]\nclient = [[\"c\",\"k\"]]\n"
            + "dial_timeout = \"1m2s\"\n[host.\"http://b.example:1/x\".header]\nx = [\"1\"]\n");
  }

  @Test
  void authFiles() {
    Path file = folder.resolve("config.json");
    AuthFile auth =
        new AuthFile(
            file,
            dev.kapal.image.registry.auth.CredentialHelper.Calls.own(
                Map.of("PATH", "/nonexistent"), Duration.ofSeconds(1)));
    mutate(
        2_000,
        text -> {
          try {
            Files.writeString(file, text.replace('\uD800', '?'));
            assertThat(auth.find("a.example", "team/app")).isNotNull();
            assertThat(auth.find("docker.io")).isNotNull();
          } catch (BadConfiguration e) {
            assertThat(e.getMessage()).doesNotContain("c2VjcmV0");
          } catch (java.io.IOException e) {
            throw new java.io.UncheckedIOException(e);
          }
        },
        "{\"auths\":{\"https://a.example/v1/\":{\"auth\":\"dTpzZWNyZXQ=\"},"
            + "\"a.example/team\":{\"identitytoken\":\"c2VjcmV0\"}},"
            + "\"credHelpers\":{\"b.example\":\"x\"}}");
  }
}

package dev.kapal.image.registry.auth;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kapal.image.registry.Credentials;
import dev.kapal.image.registry.RegistryException.BadConfiguration;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.Base64;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AuthFileTest {
  @TempDir Path folder;
  private Path path;
  private AuthFile file;

  @BeforeEach
  void open() {
    path = folder.resolve("config.json");
    file = with(Duration.ofSeconds(5));
  }

  private AuthFile with(Duration limit) {
    return new AuthFile(
        path,
        CredentialHelper.Calls.own(
            Map.of("PATH", "relative:" + folder + ":/usr/bin:/bin", "KEYS", folder.toString()),
            limit));
  }

  private static String packed(String text) {
    return Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.UTF_8));
  }

  private void helper(String name, String script) throws Exception {
    Path program = folder.resolve("docker-credential-" + name);
    Files.writeString(program, "#!/bin/sh\n" + script);
    Files.setPosixFilePermissions(program, PosixFilePermissions.fromString("rwx------"));
  }

  @Test
  void theWaysRegistriesAreWritten() throws Exception {
    Files.writeString(
        path,
        """
        {"auths": {
          "https://index.docker.io/v1/": {"auth": "%s"},
          "https://quay.io/v2/": {"auth": "%s"},
          "ghcr.io": {"identitytoken": "id", "auth": "%s"},
          "plain.example:5000": {"username": "u", "password": "p:q"},
          "token.example": {"registrytoken": "t"},
          "spaces.example/team": {"auth": "%s"},
          "spaces.example/team/app": {"auth": "%s"}
        }}
        """
            .formatted(
                packed("hub:x:y\0\0"),
                packed("quay:z"),
                packed("g:h"),
                packed("t:1"),
                packed("t:2")));
    assertThat(file.find("docker.io")).isEqualTo(new Credentials.Basic("hub", "x:y"));
    assertThat(file.find("quay.io")).isEqualTo(new Credentials.Basic("quay", "z"));
    assertThat(file.find("ghcr.io")).isEqualTo(new Credentials.IdentityToken("id"));
    assertThat(file.find("plain.example:5000")).isEqualTo(new Credentials.Basic("u", "p:q"));
    assertThat(file.find("plain.example")).isEqualTo(Credentials.ANONYMOUS);
    assertThat(file.find("token.example")).isEqualTo(new Credentials.RegistryToken("t"));
    assertThat(file.find("spaces.example")).isEqualTo(Credentials.ANONYMOUS);
    assertThat(file.find("spaces.example", "other/app")).isEqualTo(Credentials.ANONYMOUS);
    assertThat(file.find("spaces.example", "team/x")).isEqualTo(new Credentials.Basic("t", "1"));
    assertThat(file.find("spaces.example", "team/app/y"))
        .isEqualTo(new Credentials.Basic("t", "2"));
  }

  @Test
  void whatElseIsInTheFileStays() throws Exception {
    Files.writeString(path, "{\"psFormat\": \"x\", \"auths\": {\"https://a.example\": {}}}");
    Credentials mine = new Credentials.Basic("me", "secret-4");
    assertThat(file.store("a.example", mine)).isEqualTo(path.toString());
    assertThat(file.store("docker.io", new Credentials.IdentityToken("tok")))
        .isEqualTo(path.toString());
    assertThat(file.find("a.example")).isEqualTo(mine);
    assertThat(file.find("docker.io")).isEqualTo(new Credentials.IdentityToken("tok"));
    assertThat(path)
        .content()
        .contains("psFormat")
        .contains("https://index.docker.io/v1/")
        .doesNotContain("https://a.example");
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(path)))
        .isEqualTo("rw-------");
    assertThat(file.erase("a.example")).isTrue();
    assertThat(file.find("a.example")).isEqualTo(Credentials.ANONYMOUS);
    try (var all = Files.list(folder)) {
      assertThat(all).containsExactly(path);
    }
  }

  @Test
  void linksAreWrittenThrough() throws Exception {
    Path real = folder.resolve("dotfiles.json");
    Files.writeString(real, "{}");
    Files.createSymbolicLink(path, real);
    file.store("a.example", new Credentials.Basic("me", "x"));
    assertThat(path).isSymbolicLink();
    assertThat(real).content().contains("a.example");
  }

  @Test
  void helpers() throws Exception {
    helper(
        "test",
        """
        case "$1" in
        get) read -r server
          case "$server" in
          https://index.docker.io/v1/) echo '{"Username":"<token>","Secret":"idt"}';;
          known.example) echo '{"Username":"u","Secret":"s"}';;
          broken.example) echo 'key ring is locked'; exit 3;;
          *) echo 'credentials not found in native keychain'; exit 1;;
          esac;;
        store) cat > "$KEYS/stored";;
        erase) cat > "$KEYS/erased";;
        esac
        """);
    helper("own", "echo '{\"Username\":\"own\",\"Secret\":\"o\"}'\n");
    Files.writeString(
        path,
        "{\"credsStore\":\"test\",\"credHelpers\":{\"own.example\":\"own\"},"
            + "\"auths\":{\"file.example\":{\"auth\":\""
            + packed("f:g")
            + "\"}}}");
    assertThat(file.find("docker.io")).isEqualTo(new Credentials.IdentityToken("idt"));
    assertThat(file.find("known.example")).isEqualTo(new Credentials.Basic("u", "s"));
    assertThat(file.find("own.example")).isEqualTo(new Credentials.Basic("own", "o"));
    assertThat(file.find("file.example")).isEqualTo(new Credentials.Basic("f", "g"));
    assertThat(file.find("none.example")).isEqualTo(Credentials.ANONYMOUS);
    assertThatThrownBy(() -> file.find("broken.example"))
        .isInstanceOf(BadConfiguration.class)
        .hasMessageContaining("key ring is locked");
    assertThat(file.store("new.example", new Credentials.Basic("n", "secret-5")))
        .isEqualTo("docker-credential-test");
    assertThat(folder.resolve("stored")).content().contains("secret-5", "new.example");
    assertThat(path).content().contains("new.example").doesNotContain("secret-5");
    file.erase("new.example");
    assertThat(folder.resolve("erased")).hasContent("new.example");
  }

  @Test
  void helpersThatHangLieOrAreMissing() throws Exception {
    helper("slow", "sleep 60\n");
    helper("silly", "echo hello\n");
    Files.writeString(
        path,
        "{\"credHelpers\":{\"a\":\"slow\",\"b\":\"silly\",\"c\":\"missing\",\"d\":\"../evil\"}}");
    long begin = System.nanoTime();
    assertThatThrownBy(() -> with(Duration.ofMillis(300)).find("a"))
        .isInstanceOf(BadConfiguration.class)
        .hasMessageContaining("did not end");
    assertThat(Duration.ofNanos(System.nanoTime() - begin)).isLessThan(Duration.ofSeconds(5));
    assertThatThrownBy(() -> file.find("b")).hasMessageContaining("JSON");
    assertThatThrownBy(() -> file.find("c")).hasMessageContaining("not in PATH");
    assertThatThrownBy(() -> file.find("d")).hasMessageContaining("not the name");
  }

  @Test
  void damagedFilesSayWhichWithoutTheSecret() throws Exception {
    Files.writeString(path, "{\"auths\":{\"a.example\":{\"auth\": secret-6}}}");
    assertThatThrownBy(() -> file.find("a.example"))
        .isInstanceOf(BadConfiguration.class)
        .hasMessageContaining("config.json")
        .hasMessageNotContaining("secret-6");
    assertThatThrownBy(() -> file.store("b.example", new Credentials.Basic("u", "p")))
        .isInstanceOf(BadConfiguration.class);
    assertThat(path).as("unchanged").content().contains("secret-6");
    Files.writeString(path, "{\"auths\":{\"a.example\":{\"auth\": \"!!\"}}}");
    assertThatThrownBy(() -> file.find("a.example")).hasMessageContaining("base64");
    Files.writeString(path, "[]");
    assertThatThrownBy(() -> file.find("a.example")).hasMessageContaining("no JSON object");
    Files.writeString(path, "");
    assertThat(file.find("a.example")).isEqualTo(Credentials.ANONYMOUS);
  }

  @Test
  void secretsAreNotPrinted() {
    assertThat(new Credentials.Basic("u", "secret-7").toString()).doesNotContain("secret-7");
    assertThat(new Credentials.IdentityToken("secret-8").toString()).doesNotContain("secret-8");
    assertThat(new Credentials.RegistryToken("secret-9").toString()).doesNotContain("secret-9");
  }
}

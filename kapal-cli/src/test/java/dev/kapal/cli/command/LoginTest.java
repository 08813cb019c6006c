package dev.kapal.cli.command;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kapal.cli.Harness;
import dev.kapal.cli.context.Caller;
import dev.kapal.cli.context.CommandContext;
import dev.kapal.cli.context.Streams;
import dev.kapal.image.registry.Credentials;
import dev.kapal.image.registry.RegistryException;
import dev.kapal.linux.Fd;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LoginTest {
  @TempDir Path folder;
  private final Harness h = new Harness();

  private final List<String> asked = new ArrayList<>();

  LoginTest() {
    h.images.on("login", a -> asked.add(a[0] + " " + a[1]));
  }

  @Test
  void whatTheRegistryRefusesIsNotKept() throws Exception {
    h.environment.put("DOCKER_CONFIG", folder.resolve("c").toString());
    h.images.on(
        "login",
        a -> {
          throw new RegistryException.Unauthorized(
              "reg.example.com refuses the user name or the password", List.of());
        });
    h.input = "x";
    Harness.Result r = h.run("login", "-u", "me", "--password-stdin", "reg.example.com");
    assertThat(r.status()).isNotZero();
    assertThat(r.err()).contains("refuses the user name");
    assertThat(folder.resolve("c")).doesNotExist();
  }

  private Credentials find(String registry) {
    Fd none = Fd.of(0, n -> {});
    CommandContext context =
        new CommandContext(
            List.of(),
            "/",
            Map.of(
                "DOCKER_CONFIG",
                folder.resolve("c").toString(),
                "PATH",
                folder.toString() + ":/usr/bin:/bin"),
            new Streams(none, none, none, false, false, false),
            new Caller(0, 0, 1),
            h.client);
    return DockerConfig.of(context).credentials().find(registry);
  }

  @Test
  void loginIsKeptForTheNextPull() throws Exception {
    h.environment.put("DOCKER_CONFIG", folder.resolve("c").toString());
    Files.createDirectory(folder.resolve("c"));
    Path file = folder.resolve("c/config.json");
    Files.writeString(file, "{\"detachKeys\":\"ctrl-x\",\"other\":{\"a\":[1]}}");
    h.input = "p:ä\n";
    Harness.Result r =
        h.run("login", "-u", "me", "--password-stdin", "https://reg.example.com:5000/v2/");
    assertThat(r.status()).isZero();
    assertThat(r.out()).isEqualTo("Login Succeeded\n");
    assertThat(asked).containsExactly("reg.example.com:5000 " + new Credentials.Basic("me", "p:ä"));
    assertThat(find("reg.example.com:5000")).isEqualTo(new Credentials.Basic("me", "p:ä"));
    assertThat(find("reg.example.com")).isEqualTo(Credentials.ANONYMOUS);
    assertThat(Files.readString(file)).contains("detachKeys").contains("\"other\"");
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
        .isEqualTo("rw-------");
    h.input = "x";
    h.run("login", "-u", "hub", "--password-stdin");
    assertThat(Files.readString(file)).contains("https://index.docker.io/v1/");
    assertThat(find("docker.io")).isEqualTo(new Credentials.Basic("hub", "x"));
    assertThat(h.run("logout", "reg.example.com:5000").out()).startsWith("Removed");
    assertThat(find("reg.example.com:5000")).isEqualTo(Credentials.ANONYMOUS);
    assertThat(h.run("logout", "reg.example.com:5000").out()).startsWith("Not logged in");
  }

  @Test
  void helpersAreAsked() throws Exception {
    Files.createDirectory(folder.resolve("c"));
    Files.writeString(
        folder.resolve("c/config.json"), "{\"credHelpers\":{\"reg.example.com\":\"test\"}}");
    Path helper = folder.resolve("docker-credential-test");
    Files.writeString(
        helper,
        "#!/bin/sh\nread url\necho \"{\\\"Username\\\":\\\"u\\\",\\\"Secret\\\":\\\"$url\\\"}\"\n");
    assertThat(helper.toFile().setExecutable(true)).isTrue();
    assertThat(find("reg.example.com")).isEqualTo(new Credentials.Basic("u", "reg.example.com"));
    assertThat(find("other.example.com")).isEqualTo(Credentials.ANONYMOUS);
  }

  @Test
  void passwordsAreTypedUnseen() throws Exception {
    h.environment.put("DOCKER_CONFIG", folder.resolve("c").toString());
    h.terminals = true;
    h.input = "me\nwrong\u0015sex\u007fcret\r";
    Harness.Result r = h.run("login", "reg.example.com");
    assertThat(r.status()).isZero();
    assertThat(r.out()).startsWith("Username: Password: \n").doesNotContain("secret");
    assertThat(h.client.raw).containsExactly(true, false);
    assertThat(find("reg.example.com")).isEqualTo(new Credentials.Basic("me", "secret"));
  }

  @Test
  void damageIsNamed() throws Exception {
    h.environment.put("DOCKER_CONFIG", folder.resolve("c").toString());
    Files.createDirectory(folder.resolve("c"));
    Files.writeString(folder.resolve("c/config.json"), "{oops");
    h.input = "x";
    Harness.Result r = h.run("login", "-u", "me", "--password-stdin", "r.example.com");
    assertThat(r.status()).isEqualTo(1);
    assertThat(r.err()).contains("config.json holds no valid JSON");
    assertThat(Files.readString(folder.resolve("c/config.json"))).isEqualTo("{oops");
  }
}

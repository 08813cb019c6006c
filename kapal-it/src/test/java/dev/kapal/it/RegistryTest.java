package dev.kapal.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.kapal.image.registry.testing.FaultProxy;
import dev.kapal.image.registry.testing.RegistryServer;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Pull and push by the command line, with a real registry and a proxy that breaks things. */
final class RegistryTest {
  private static RegistryServer registry;
  private static Daemon daemon;

  @BeforeAll
  static void start() throws Exception {
    assumeTrue(
        Commands.sh("command -v docker-registry").status() == 0,
        "needs a registry (Debian: docker-registry)");
    registry = RegistryServer.start();
    daemon = Daemon.start();
    Path tar = daemon.folder().resolve("root.tar");
    Commands.sh(
            "cd "
                + daemon.folder()
                + " && mkdir -p root/bin root/data && cp /bin/busybox root/bin/busybox"
                + " && ln -s busybox root/bin/cat && ln -s busybox root/bin/sha256sum"
                + " && head -c 12000000 /dev/urandom >root/data/random && tar -cf "
                + tar
                + " -C root .")
        .mustSucceed();
    daemon.ok(
        "import", "-c", "CMD [\"/bin/sha256sum\", \"/data/random\"]", tar.toString(), image("big"));
    daemon.ok("push", image("big"));
    daemon.ok("tag", "busybox", image("box"));
    daemon.ok("push", image("box"));
  }

  @AfterAll
  static void stop() throws Exception {
    try {
      if (daemon != null) {
        daemon.close();
      }
    } finally {
      if (registry != null) {
        registry.close();
      }
    }
  }

  private static String image(String name) {
    return registry.name() + "/it/" + name + ":1";
  }

  private static void forget() {
    daemon
        .ok("images", "-q", "--filter", "reference=*/it/big")
        .lines()
        .forEach(id -> daemon.command("rmi", "-f", id));
    daemon.ok("system", "prune", "-f", "-a");
  }

  @Test
  void whatWasPushedIsPulledAndRuns() {
    forget();
    Result pulled = daemon.command("pull", image("box")).mustSucceed();
    // Off a terminal: plain lines, no control characters.
    assertThat(pulled.out() + pulled.err()).doesNotContain("\u001b").doesNotContain("\r");
    assertThat(daemon.ok("run", "--rm", "--network", "none", image("box"), "echo", "hello"))
        .isEqualTo("hello");
  }

  @Test
  void aConnectionThatBreaksIsTakenUpWhereItBroke() throws Exception {
    forget();
    try (FaultProxy proxy = new FaultProxy(registry.url())) {
      proxy.on(
          r -> r.method().equals("GET") && r.target().contains("/blobs/"),
          new FaultProxy.Fault.ResetAfter(1_000_000),
          new FaultProxy.Fault.EndAfter(500_000),
          new FaultProxy.Fault.Answer(503, Map.of("Retry-After", "1"), "busy"));
      String name = proxy.name() + "/it/big:1";
      daemon.ok("pull", name);
      assertThat(proxy.seen).anyMatch(r -> r.header("Range").isPresent());
      assertThat(daemon.ok("run", "--rm", "--network", "none", name))
          .isEqualTo(
              Commands.sh("sha256sum < " + daemon.folder() + "/root/data/random")
                  .text()
                  .replace("-", "/data/random"));
    }
  }

  @Test
  void aDaemonKilledDuringAPullGoesOnWhereItWas() throws Exception {
    forget();
    try (FaultProxy proxy = new FaultProxy(registry.url())) {
      proxy.on(
          r ->
              r.method().equals("GET")
                  && r.target().contains("/blobs/")
                  && r.header("Range").isEmpty(),
          new FaultProxy.Fault.StallAfter(6_000_000),
          new FaultProxy.Fault.StallAfter(6_000_000));
      ProcessBuilder builder = new ProcessBuilder(daemon.line("pull", proxy.name() + "/it/big:1"));
      builder.environment().putAll(daemon.clientEnvironment());
      builder.redirectErrorStream(true).redirectOutput(ProcessBuilder.Redirect.DISCARD);
      Process client = builder.start();
      long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
      while (Long.parseLong(
              Commands.sh("find " + daemon.data() + "/images -size +5000k | wc -l").text())
          == 0) {
        assertThat(System.nanoTime()).as("nothing arrives").isLessThan(deadline);
        TimeUnit.MILLISECONDS.sleep(20);
      }
      daemon.kill9();
      assertThat(client.waitFor(20, TimeUnit.SECONDS)).isTrue();
      daemon.launch();
      daemon.ok("pull", proxy.name() + "/it/big:1");
      assertThat(proxy.seen)
          .anyMatch(r -> r.header("Range").filter(v -> !v.equals("bytes=0-")).isPresent());
      assertThat(daemon.command("system", "check").status()).isZero();
    }
  }

  @Test
  void whatIsNotThereIsSaidInOneSentence() {
    Result result = daemon.command("pull", registry.name() + "/it/nothing:9");
    assertThat(result.status()).isNotZero();
    assertThat(result.err().strip().lines().reduce((a, b) -> b))
        .hasValueSatisfying(last -> assertThat(last).contains("it/nothing"));
    assertThat(result.err()).doesNotContain("Exception");
  }

  /** Two variants behind one index, as they are published. */
  private static void publish(String tag, String... platforms) throws Exception {
    StringBuilder entries = new StringBuilder();
    Path tar = daemon.folder().resolve("root.tar");
    for (String platform : platforms) {
      String architecture = platform.substring("linux/".length());
      String name = registry.name() + "/it/multi:" + architecture;
      daemon.ok("import", "--platform", platform, tar.toString(), name);
      daemon.ok("push", name);
      String manifest = "{{.Descriptor.digest}} {{.Descriptor.size}} {{.Descriptor.mediaType}}";
      String[] parts = daemon.ok("image", "inspect", "-f", manifest, name).split(" ");
      entries
          .append(entries.isEmpty() ? "" : ",")
          .append(
              """
              {"mediaType":"%s","digest":"%s","size":%s,"platform":{"os":"linux","architecture":"%s"}}
              """
                  .formatted(parts[2], parts[0], parts[1], architecture));
      daemon.ok("rmi", name);
    }
    String type = "application/vnd.oci.image.index.v1+json";
    String index =
        "{\"schemaVersion\":2,\"mediaType\":\"" + type + "\",\"manifests\":[" + entries + "]}";
    URI place = URI.create("http://" + registry.name() + "/v2/it/multi/manifests/" + tag);
    try (HttpClient client = HttpClient.newHttpClient()) {
      HttpRequest put =
          HttpRequest.newBuilder(place)
              .header("Content-Type", type)
              .PUT(HttpRequest.BodyPublishers.ofString(index))
              .build();
      assertThat(client.send(put, HttpResponse.BodyHandlers.ofString()).statusCode())
          .isEqualTo(201);
    }
  }

  private static String architecture(String name, String... more) {
    List<String> words = new ArrayList<>(List.of("image", "inspect", "-f", "{{.Architecture}}"));
    words.addAll(List.of(more));
    words.add(name);
    return daemon.ok(words.toArray(String[]::new));
  }

  @Test
  void variantsOfAnImageAreToldApart() throws Exception {
    publish("both", "linux/s390x", "linux/ppc64le");
    String name = registry.name() + "/it/multi:both";
    daemon.ok("pull", "--platform", "linux/s390x", name);
    daemon.ok("pull", "--platform", "linux/ppc64le", name);
    assertThat(architecture(name)).isEqualTo("ppc64le");
    assertThat(architecture(name, "--platform", "linux/s390x")).isEqualTo("s390x");
    Result absent = daemon.command("image", "inspect", "--platform", "linux/arm/v7", name);
    assertThat(absent.status()).isEqualTo(1);
    assertThat(absent.err())
        .contains("is here for linux/ppc64le, linux/s390x, not for linux/arm/v7");
    assertThat(daemon.command("history", "--platform", "linux/", name).status()).isEqualTo(125);
    assertThat(daemon.ok("history", "-q", "--no-trunc", "--platform", "linux/s390x", name))
        .isEqualTo(
            daemon.ok("image", "inspect", "-f", "{{.Id}}", "--platform", "linux/s390x", name));
    String archive = daemon.folder() + "/s390x.tar";
    daemon.ok("save", "--platform", "linux/s390x", "-o", archive, name);
    daemon.ok("push", "--platform", "linux/s390x", name);
    daemon.ok("rmi", "--platform", "linux/ppc64le", name);
    assertThat(architecture(name)).isEqualTo("s390x");
    daemon.ok("rmi", name);
    // What was pushed is that one variant, without the index.
    daemon.ok("pull", name);
    assertThat(architecture(name)).isEqualTo("s390x");
    daemon.ok("rmi", name);
    Result none = daemon.command("load", "--platform", "linux/ppc64le", "-i", archive);
    assertThat(none.status()).isEqualTo(1);
    assertThat(none.err())
        .contains("holds no image for linux/ppc64le, only for linux/s390x")
        .doesNotContain("Exception");
    daemon.ok("load", "--platform", "linux/s390x", "-i", archive);
    assertThat(architecture(name)).isEqualTo("s390x");
    daemon.ok("rmi", name);
  }

  @Test
  void othersReadWhatWePushed() {
    assumeTrue(Commands.sh("command -v skopeo").status() == 0, "needs skopeo");
    assertThat(
            Commands.sh(
                    "skopeo inspect --tls-verify=false docker://" + registry.name() + "/it/box:1")
                .mustSucceed()
                .out())
        .contains("\"Architecture\": \"amd64\"");
  }

  @Test
  void aLoginIsVerifiedKeptAndUsed() throws Exception {
    Path home = daemon.folder().resolve("docker");
    try (RegistryServer closed =
        RegistryServer.start(RegistryServer.Options.OPEN.withBasicAuth())) {
      String name = closed.name() + "/private/box:1";
      daemon.ok("tag", "busybox", name);
      assertThat(as(home, "", "push", name).err()).contains("kapal login " + closed.name());
      Result wrong = as(home, "wrong", login(closed));
      assertThat(wrong.status()).isNotZero();
      assertThat(home).doesNotExist();
      Result right = as(home, RegistryServer.PASSWORD, login(closed));
      assertThat(right.mustSucceed().out()).isEqualTo("Login Succeeded\n");
      assertThat(home.resolve("config.json")).content().doesNotContain(RegistryServer.PASSWORD);
      as(home, "", "push", name).mustSucceed();
      daemon.ok("rmi", name);
      as(home, "", "pull", name).mustSucceed();
      as(home, "", "logout", closed.name()).mustSucceed();
      assertThat(as(home, "", "pull", name).status()).isNotZero();
      daemon.ok("rmi", name);
    }
  }

  @Test
  void credentialHelpersOnThePathAreAsked() throws Exception {
    Path home = Files.createDirectory(daemon.folder().resolve("helpers"));
    Path bin = Files.createDirectory(home.resolve("bin"));
    // Keeps what it is given in one file a server, and writes down what it was asked.
    Path helper = bin.resolve("docker-credential-shelf");
    Files.writeString(
        helper,
        """
        #!/bin/sh
        in=$(cat)
        cd %s && echo "$1 $in" >>asked
        file=$(printf %%s "$in" | sed 's/.*"ServerURL":"\\([^"]*\\)".*/\\1/' | tr '/:' __)
        case $1 in
        store) printf %%s "$in" >"$file" ;;
        get) cat "$file" 2>/dev/null || { echo "credentials not found in native keychain"; exit 1; } ;;
        erase) rm -f "$file" ;;
        esac
        """
            .formatted(home));
    assertThat(helper.toFile().setExecutable(true)).isTrue();
    Map<String, String> path = Map.of("PATH", bin + ":" + System.getenv("PATH"));
    try (RegistryServer closed =
        RegistryServer.start(RegistryServer.Options.OPEN.withBasicAuth())) {
      String name = closed.name() + "/private/box:1";
      daemon.ok("tag", "busybox", name);
      for (String config :
          List.of(
              "{\"credsStore\":\"shelf\"}",
              "{\"credHelpers\":{\"" + closed.name() + "\":\"shelf\"}}")) {
        Files.writeString(home.resolve("config.json"), config);
        as(home, path, RegistryServer.PASSWORD, login(closed)).mustSucceed();
        assertThat(home.resolve("config.json"))
            .content()
            .doesNotContain(RegistryServer.PASSWORD)
            .contains("shelf");
        assertThat(home.resolve(closed.name().replace(':', '_')))
            .content()
            .contains(RegistryServer.PASSWORD);
        as(home, path, "", "push", name).mustSucceed();
        as(home, path, "", "pull", name).mustSucceed();
        as(home, path, "", "logout", closed.name()).mustSucceed();
        assertThat(home.resolve(closed.name().replace(':', '_'))).doesNotExist();
        assertThat(as(home, path, "", "pull", name).status()).isNotZero();
        assertThat(home.resolve("asked")).content().contains("store ", "get ", "erase ");
        Files.delete(home.resolve("asked"));
      }
      daemon.ok("rmi", name);
    }
  }

  private static String[] login(RegistryServer server) {
    return new String[] {"login", "-u", RegistryServer.USER, "--password-stdin", server.name()};
  }

  private static Result as(Path config, String input, String... words) {
    return as(config, Map.of(), input, words);
  }

  private static Result as(Path config, Map<String, String> more, String input, String... words) {
    Map<String, String> env = new HashMap<>(daemon.clientEnvironment());
    env.putAll(more);
    env.put("DOCKER_CONFIG", config.toString());
    return Commands.run(daemon.line(words), env, input, java.time.Duration.ofSeconds(60));
  }
}

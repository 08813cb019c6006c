package dev.kapal.network;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;

/** A network namespace that plays the host, and further ones that play containers. */
final class TestNetns implements AutoCloseable {
  private static final Path PLUGINS = Path.of("/usr/lib/cni");

  private final String prefix = "kt" + UUID.randomUUID().toString().substring(0, 8);
  private final List<String> names = new ArrayList<>();
  private final Process anchor;

  private TestNetns() throws IOException, InterruptedException {
    add("host");
    exec(10, "ip", "-n", name("host"), "link", "set", "lo", "up");
    // A process inside shows the namespace's routes below /proc/PID/net.
    anchor =
        new ProcessBuilder("nsenter", "--net=" + path("host"), "sleep", "1000000")
            .redirectErrorStream(true)
            .start();
  }

  static TestNetns open() throws IOException, InterruptedException {
    Assumptions.assumeTrue(
        "root".equals(System.getProperty("user.name")), "network namespaces need root");
    for (String tool : List.of("ip", "nsenter", "python3")) {
      Assumptions.assumeTrue(HostPrograms.find(tool).isPresent(), "needs the program " + tool);
    }
    return new TestNetns();
  }

  /** Skips, with the reason, where the real plugins cannot run. */
  static void assumePlugins() {
    for (String plugin : List.of("bridge", "host-local", "portmap")) {
      Assumptions.assumeTrue(
          Files.isExecutable(PLUGINS.resolve(plugin)),
          "needs the CNI plugin " + plugin + " (package containernetworking-plugins)");
    }
  }

  String add(String name) throws IOException, InterruptedException {
    exec(10, "ip", "netns", "add", name(name));
    names.add(name(name));
    return path(name);
  }

  /** Deletes a namespace before the end of the test. */
  void remove(String name) throws IOException, InterruptedException {
    exec(10, "ip", "netns", "delete", name(name));
    names.remove(name(name));
  }

  private String name(String name) {
    return prefix + name;
  }

  String path(String name) {
    return "/var/run/netns/" + name(name);
  }

  Path procNet() throws InterruptedException {
    // nsenter must have entered before its view is the namespace's.
    for (int i = 0; i < 200; i++) {
      String mine = Netns.identity("/proc/self/ns/net").orElse("");
      String its = Netns.identity("/proc/" + anchor.pid() + "/ns/net").orElse(mine);
      if (!its.equals(mine)) {
        break;
      }
      Thread.sleep(10);
    }
    return Path.of("/proc/" + anchor.pid() + "/net");
  }

  /** Runs programs inside the namespace that plays the host. */
  PluginRunner runner() {
    PluginRunner direct = PluginRunner.direct();
    return (argv, environment, input, timeout) -> {
      List<String> inside = new ArrayList<>(List.of("/usr/bin/nsenter", "--net=" + path("host")));
      inside.addAll(argv);
      return direct.run(inside, environment, input, timeout);
    };
  }

  /** Runs a program in one of the namespaces and returns what it printed. */
  PluginRunner.Outcome in(String name, String... argv) throws IOException, InterruptedException {
    List<String> inside = new ArrayList<>(List.of("/usr/bin/nsenter", "--net=" + path(name)));
    inside.addAll(List.of(argv));
    return PluginRunner.direct()
        .run(
            inside,
            Map.of("PATH", Plugins.SEARCH_PATH, "LC_ALL", "C"),
            new byte[0],
            Duration.ofSeconds(20));
  }

  static void exec(int seconds, String... argv) throws IOException, InterruptedException {
    PluginRunner.Outcome outcome =
        PluginRunner.direct()
            .run(
                List.of(argv),
                Map.of("PATH", Plugins.SEARCH_PATH),
                new byte[0],
                Duration.ofSeconds(seconds));
    if (outcome.exitCode() != 0) {
      throw new IOException(String.join(" ", argv) + ": " + outcome.errors());
    }
  }

  @Override
  public void close() throws IOException {
    try {
      anchor.destroyForcibly().waitFor(5, TimeUnit.SECONDS);
      for (String name : names.reversed()) {
        exec(10, "ip", "netns", "delete", name);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted while network namespaces were deleted", e);
    }
  }
}

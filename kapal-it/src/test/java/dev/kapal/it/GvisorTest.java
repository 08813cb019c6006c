package dev.kapal.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.kapal.runtime.oci.Peers;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A current gVisor by its command line and by its shim, under a real daemon and a real client. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class GvisorTest {
  private static final String NAMESPACE = "kapal-it-gvisor-" + ProcessHandle.current().pid();

  private Daemon daemon;

  @BeforeAll
  void start(@TempDir Path folder) throws IOException {
    assumeTrue("root".equals(System.getProperty("user.name")), "needs root");
    assumeTrue(
        Files.isExecutable(Path.of("/usr/lib/cni/bridge")),
        "needs CNI plugins (Debian: containernetworking-plugins)");
    Path runsc = Peers.program("gvisor", "runsc");
    Path settings = folder.resolve("runsc.toml");
    Files.writeString(
        settings,
        """
        binary_name = "%s"
        [runsc_config]
        overlay2 = "none"
        """
            .formatted(runsc));
    Path config = folder.resolve("config.toml");
    Files.writeString(
        config,
        """
        [runtimes.gvisor]
        path = "%s"
        tier = "sandbox"
        [runtimes.gvisor-shim]
        kind = "shim"
        path = "%s"
        tier = "sandbox"
        options.ConfigPath = "%s"
        """
            .formatted(runsc, runsc.resolveSibling("containerd-shim-runsc-v1"), settings));
    Commands.sh("ip netns add " + NAMESPACE + " && ip -n " + NAMESPACE + " link set lo up")
        .mustSucceed();
    daemon = Daemon.startIn(NAMESPACE, "--config", config.toString());
  }

  @AfterAll
  void stop() {
    if (daemon != null) {
      daemon.close();
      Commands.sh("ip netns del " + NAMESPACE);
    }
  }

  @AfterEach
  void nothingIsLeft() throws Exception {
    daemon.ok("ps", "-aq").lines().forEach(id -> daemon.command("rm", "-f", id));
    String state = daemon.run().resolve("state").toString();
    Eventually.holds(
        "no mount is left",
        () -> Commands.sh("grep -c '" + state + "' /proc/mounts").text().equals("0"));
    Eventually.holds(
        "no sandbox is left", () -> Commands.sh("ls " + state + "/sandboxes").text().isEmpty());
  }

  private String inside(String runtime, String network, String script) {
    return daemon.ok(
        "run", "--rm", "--runtime", runtime, "--network", network, "busybox", "sh", "-c", script);
  }

  @ParameterizedTest
  @ValueSource(strings = {"gvisor", "gvisor-shim"})
  void networksAreWhereTheyAreExpected(String runtime) {
    // What ends at once the shim would tell a wrong status of.
    assertThat(inside(runtime, "none", "ip -4 -o addr; sleep 1; uname -r"))
        .contains("127.0.0.1/8")
        .doesNotContain("eth0")
        .endsWith("-gvisor");
    assertThat(inside(runtime, "bridge", "ip -4 -o addr; sleep 1")).contains("127.0.0.1/8", "eth0");
  }

  @ParameterizedTest
  @ValueSource(strings = {"gvisor", "gvisor-shim"})
  void livesThroughTheDaemonsDeath(String runtime) {
    daemon.ok("run", "-d", "--name", "g", "--runtime", runtime, "busybox", "sleep", "1000");
    daemon.kill9();
    daemon.launch();
    assertThat(daemon.ok("exec", "g", "ip", "-4", "-o", "addr")).contains("127.0.0.1/8", "eth0");
    daemon.ok("stop", "-t", "0", "g");
    daemon.ok("start", "g");
    assertThat(daemon.ok("exec", "g", "ip", "-4", "-o", "addr")).contains("127.0.0.1/8", "eth0");
    daemon.ok("rm", "-f", "g");
  }
}

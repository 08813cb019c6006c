package dev.kapal.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * Podman, containerd and Docker with kapal-oci in place of runc. Each has roots of its own below
 * the test's folder, and no network but a namespace of the test's.
 */
final class PeersTest {
  private static final Duration LIMIT = Duration.ofSeconds(90);

  private static DropIn oci;
  private static Path archive;
  private static String runtime;

  @BeforeAll
  static void start() {
    oci = DropIn.withDaemon();
    runtime = oci.wrapper().toString();
    archive = oci.folder.resolve("busybox.tar");
    oci.daemon.ok("save", "-o", archive.toString(), "localhost/busybox");
  }

  @AfterAll
  static void stop() {
    if (oci != null) {
      oci.close();
    }
  }

  private static boolean installed(String tool) {
    return Commands.sh("command -v " + tool).status() == 0;
  }

  private static Result sh(String script) {
    return Commands.run(List.of("sh", "-c", script), oci.environment(), "", LIMIT);
  }

  private static String ok(String script) {
    return sh(script).mustSucceed().text();
  }

  /** A script whose standard streams are a terminal. */
  private static Result onTerminal(String line) {
    return Commands.run(List.of("script", "-qec", line, "/dev/null"), oci.environment(), "", LIMIT);
  }

  /**
   * Control groups of containers that are left. The peers' own (the parent, conmon's) are theirs
   * and stay with any runtime; they are removed here.
   */
  private static String cgroups(String below) {
    String groups = "find /sys/fs/cgroup -mindepth 2 -depth -type d -path '*/" + below;
    String left = sh(groups + "/*' ! -name conmon 2>/dev/null").out();
    sh(groups + "*' -exec rmdir {} \\;");
    return left;
  }

  /** A daemon of somebody else's, for the time of a test. */
  private static final class Peer implements AutoCloseable {
    private final Process process;
    private final Path log;

    Peer(String name, List<String> command, String ready) throws Exception {
      log = oci.folder.resolve(name + ".log");
      process =
          new ProcessBuilder(command)
              .redirectErrorStream(true)
              .redirectOutput(log.toFile())
              .redirectInput(Path.of("/dev/null").toFile())
              .start();
      long end = System.nanoTime() + LIMIT.toNanos();
      while (sh(ready).status() != 0) {
        if (!process.isAlive() || System.nanoTime() > end) {
          String said = Files.readString(log);
          close();
          throw new AssertionError(name + " does not answer:\n" + said);
        }
        TimeUnit.MILLISECONDS.sleep(100);
      }
    }

    @Override
    public void close() throws IOException, InterruptedException {
      process.destroy();
      if (!process.waitFor(30, TimeUnit.SECONDS)) {
        process.destroyForcibly().waitFor();
      }
      // What it mounted for itself goes with its folder.
      Commands.sh(
          "awk '{print $5}' /proc/self/mountinfo | grep '^"
              + oci.folder
              + "/' | sort -r | while read m; do umount -l \"$m\"; done");
    }
  }

  @Test
  void podman() {
    assumeTrue(installed("podman") && installed("conmon"), "podman is not installed");
    Path home = oci.folder.resolve("podman");
    String podman =
        "podman --root "
            + home
            + "/root --runroot "
            + home
            + "/run --tmpdir "
            + home
            + "/tmp --storage-driver vfs --cgroup-manager cgroupfs --events-backend none --runtime "
            + runtime
            + " ";
    String parent = " --cgroup-parent " + oci.cgroup + "/podman ";
    // Its default limits are above what a container of CI may set; runc fails there, too.
    String run =
        podman + "run --network none --ulimit nofile=1024:1024 --ulimit nproc=1024:1024" + parent;
    String image = " localhost/busybox ";
    ok(podman + "load -q -i " + archive);
    try {
      Result result =
          sh("echo typed | " + run + "--rm -i" + image + "sh -c 'cat; echo e >&2; exit 4'");
      assertThat(result.status()).isEqualTo(4);
      assertThat(result.out()).isEqualTo("typed\n");
      assertThat(result.err()).isEqualTo("e\n");
      assertThat(onTerminal(run + "--rm -t" + image + "sh -c 'tty; exit 8'").status()).isEqualTo(8);
      assertThat(sh(run + "--rm" + image + "nothing").status()).isEqualTo(127);
      assertThat(sh(run + "--rm" + image + "/tmp").status()).isEqualTo(126);
      ok(run + "-d --name one --memory 64m" + image + "sleep 1000");
      assertThat(ok(podman + "inspect -f '{{.OCIRuntime}}' one")).isEqualTo(runtime);
      for (int i = 0; i < 5; i++) {
        assertThat(sh(podman + "exec one sh -c 'echo in; exit 6'").status()).isEqualTo(6);
      }
      assertThat(onTerminal(podman + "exec -t one sh -c 'tty; exit 7'").status()).isEqualTo(7);
      ok(podman + "pause one");
      assertThat(ok(podman + "ps -a --format '{{.Status}}'")).containsIgnoringCase("paused");
      ok(podman + "unpause one");
      assertThat(ok(podman + "stats --no-stream --format '{{.PIDs}}' one")).isEqualTo("1");
      assertThat(ok(podman + "top one")).contains("sleep 1000");
      if (sh("criu check").status() == 0) {
        ok(podman + "container checkpoint one");
        assertThat(ok(podman + "ps -a --format '{{.Status}}'")).contains("Exited (0)");
        ok(podman + "container restore one");
        assertThat(sh(podman + "exec one sh -c 'exit 6'").status()).isEqualTo(6);
      }
      ok(podman + "kill -s KILL one");
      assertThat(ok(podman + "wait one")).isEqualTo("137");
      ok(podman + "start one");
      ok(podman + "stop -t 1 one");
      ok(podman + "rm one");
    } finally {
      sh(podman + "rm -f -t 0 -a");
    }
    assertThat(cgroups(oci.cgroup.substring(1) + "/podman")).isEmpty();
    // Its store is bind-mounted on itself while it lives.
    Commands.sh(
        "umount -l " + home + "/root/vfs 2>/dev/null; umount -l " + home + "/root 2>/dev/null");
  }

  @Test
  void containerd() throws Exception {
    assumeTrue(installed("containerd") && installed("ctr"), "containerd is not installed");
    Path home = Files.createDirectory(oci.folder.resolve("c"));
    String config =
        """
        version = 2
        root = "%1$s/root"
        state = "%1$s/state"
        disabled_plugins = ["io.containerd.grpc.v1.cri"]
        [grpc]
          address = "%1$s/sock"
        [ttrpc]
          address = "%1$s/ttrpc"
        """
            .formatted(home);
    Files.writeString(home.resolve("config.toml"), config);
    String namespace = "kapal-it-" + ProcessHandle.current().pid();
    String ctr = "ctr -a " + home + "/sock -n " + namespace + " ";
    String image = " docker.io/localhost/busybox:latest ";
    String snapshots = "--snapshotter native ";
    String group = "--cgroup " + oci.cgroup + "/ctr/";
    try (Peer peer =
        new Peer(
            "containerd",
            List.of("containerd", "-c", home.resolve("config.toml").toString()),
            ctr + "version")) {
      ok(ctr + "images import --snapshotter native --all-platforms " + archive);
      image = " " + ok(ctr + "images ls -q | head -n 1") + " ";
      String run = ctr + "run " + snapshots + "--runc-binary " + runtime + " ";
      Result result = sh(run + "--rm " + group + "a" + image + "a sh -c 'echo out; exit 4'");
      assertThat(result.status()).isEqualTo(4);
      assertThat(result.out()).isEqualTo("out\n");
      assertThat(
              onTerminal(run + "--rm -t " + group + "b" + image + "b sh -c 'tty; exit 8'").status())
          .isEqualTo(8);
      assertThat(sh(run + "--rm " + group + "c" + image + "c nothing").err())
          .contains("executable file not found in $PATH");
      ok(run + "-d " + group + "d" + image + "d sleep 1000");
      assertThat(sh(ctr + "task exec --exec-id e1 d sh -c 'exit 5'").status()).isEqualTo(5);
      assertThat(onTerminal(ctr + "task exec -t --exec-id e2 d sh -c 'tty; exit 7'").status())
          .isEqualTo(7);
      assertThat(ok(ctr + "task metrics d")).contains("pids.current");
      ok(ctr + "task pause d");
      assertThat(ok(ctr + "task ls")).contains("PAUSED");
      ok(ctr + "task resume d");
      assertThat(ok(ctr + "task ps d")).contains("PID");
      ok(ctr + "task kill -s KILL d");
      for (int i = 0; i < 100 && !ok(ctr + "task ls").contains("STOPPED"); i++) {
        TimeUnit.MILLISECONDS.sleep(50);
      }
      assertThat(sh(ctr + "task rm d").err()).contains("137");
      ok(ctr + "containers rm d");
      assertThat(sh("ls /run/containerd/runc/" + namespace).out()).isEmpty();
    } finally {
      sh("rm -rf /run/containerd/runc/" + namespace);
    }
    assertThat(cgroups(oci.cgroup.substring(1) + "/ctr")).isEmpty();
  }

  @Test
  void docker() throws Exception {
    assumeTrue(installed("dockerd") && installed("docker"), "Docker is not installed");
    assumeTrue(installed("ip") && installed("nsenter"), "needs iproute2 and util-linux");
    String namespace = "kapal-it-d" + ProcessHandle.current().pid();
    Path home = Files.createDirectory(oci.folder.resolve("d"));
    String socket = "unix://" + home + "/sock";
    String docker = "docker -H " + socket + " ";
    ok("ip netns add " + namespace + " && ip -n " + namespace + " link set lo up");
    // Not "ip netns exec", which hides the control groups.
    List<String> line =
        new ArrayList<>(List.of("nsenter", "--net=/run/netns/" + namespace, "dockerd"));
    line.addAll(List.of("--data-root", home + "/root", "--exec-root", home + "/exec"));
    line.addAll(List.of("-H", socket, "-p", home + "/pid", "--bridge=none", "--iptables=false"));
    line.addAll(List.of("--ip6tables=false", "--storage-driver", "vfs", "--config-file"));
    Files.writeString(home.resolve("daemon.json"), "{}");
    line.add(home.resolve("daemon.json").toString());
    line.addAll(List.of("--cgroup-parent", oci.cgroup + "/docker"));
    line.add("--add-runtime=kapal=" + runtime);
    String image = " localhost/busybox ";
    String run = docker + "run --runtime kapal --network none ";
    try (Peer peer = new Peer("dockerd", line, docker + "version")) {
      ok(docker + "load -i " + archive);
      try {
        Result result = sh("echo typed | " + run + "--rm -i" + image + "sh -c 'cat; exit 4'");
        assertThat(result.status()).isEqualTo(4);
        assertThat(result.out()).isEqualTo("typed\n");
        assertThat(onTerminal(run + "--rm -t" + image + "sh -c 'tty; exit 8'").status())
            .isEqualTo(8);
        assertThat(sh(run + "--rm" + image + "nothing").status()).isEqualTo(127);
        assertThat(sh(run + "--rm" + image + "/tmp").status()).isEqualTo(126);
        ok(run + "-d --name one --memory 64m" + image + "sleep 1000");
        assertThat(sh(docker + "exec one sh -c 'exit 5'").status()).isEqualTo(5);
        assertThat(onTerminal(docker + "exec -it one sh -c 'tty; exit 7'").status()).isEqualTo(7);
        ok(docker + "pause one");
        assertThat(ok(docker + "ps --format '{{.Status}}'")).contains("Paused");
        ok(docker + "unpause one");
        ok(docker + "update --memory 32m --memory-swap 64m --pids-limit 33 one");
        assertThat(ok(docker + "stats --no-stream --format '{{.MemUsage}} {{.PIDs}}' one"))
            .contains("32MiB")
            .endsWith(" 1");
        assertThat(ok(docker + "top one")).contains("sleep 1000");
        ok(docker + "stop -t 1 one");
        ok(docker + "start one");
        ok(docker + "kill one");
        assertThat(ok(docker + "wait one")).isEqualTo("137");
        ok(docker + "rm one");
        assertThat(ok(docker + "ps -aq")).isEmpty();
      } finally {
        sh(docker + "ps -aq | xargs -r " + docker + "rm -f");
      }
    } finally {
      sh("ip netns del " + namespace);
    }
    assertThat(cgroups(oci.cgroup.substring(1) + "/docker")).isEmpty();
  }
}

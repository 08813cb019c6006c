package dev.kapal.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Containers that containerd's shim runs, under a real daemon. */
final class ShimTest {
  private static final String RUNTIME = "io.containerd.runc.v2";

  @BeforeEach
  void needs() {
    assumeTrue(
        Files.isExecutable(Path.of("/usr/bin/containerd-shim-runc-v2")),
        "needs containerd's containerd-shim-runc-v2");
    assumeTrue(Files.isExecutable(Path.of("/usr/sbin/runc")), "needs runc");
  }

  private static Result run(Daemon daemon, String... words) {
    String[] all = new String[words.length + 5];
    all[0] = "run";
    all[1] = "--network";
    all[2] = "none";
    all[3] = "--runtime";
    all[4] = RUNTIME;
    System.arraycopy(words, 0, all, 5, words.length);
    return daemon.command(all);
  }

  @Test
  void runsAsOthersDo() {
    try (Daemon daemon = Daemon.start()) {
      assertThat(daemon.ok("runtime", "ls", "--quiet").lines()).contains(RUNTIME);
      assertThat(daemon.ok("runtime", "ls")).contains("/usr/bin/containerd-shim-runc-v2");
      Result result = run(daemon, "--rm", "busybox", "sh", "-c", "echo out; echo err >&2; exit 3");
      assertThat(result.status()).isEqualTo(3);
      assertThat(result.out()).isEqualTo("out\n");
      assertThat(result.err()).isEqualTo("err\n");
      assertThat(run(daemon, "--rm", "busybox", "/no/such").status()).isEqualTo(127);
      assertThat(run(daemon, "-d", "--name", "a", "busybox", "sleep", "1000").status()).isZero();
      assertThat(daemon.ok("inspect", "--format", "{{.HostConfig.Runtime}}", "a"))
          .isEqualTo(RUNTIME);
      assertThat(daemon.ok("exec", "a", "echo", "inside")).isEqualTo("inside");
      daemon.ok("pause", "a");
      assertThat(daemon.ok("inspect", "--format", "{{.State.Status}}", "a")).isEqualTo("paused");
      daemon.ok("unpause", "a");
      assertThat(daemon.ok("top", "a")).contains("sleep");
      daemon.ok("stop", "-t", "1", "a");
      daemon.ok("rm", "a");
      assertThat(shims(daemon)).isEmpty();
    }
  }

  /** runc's shim makes no sandboxes: whoever configures it so is told, and nothing is left. */
  @Test
  void sandboxerIsAskedForASandbox() throws IOException {
    Path file = Files.createTempFile("kapal-shim", ".toml");
    try {
      Files.writeString(file, "[runtimes.own]\ntype = \"" + RUNTIME + "\"\nsandboxer = true\n");
      try (Daemon daemon = Daemon.start("--config", file.toString())) {
        Result result =
            daemon.command(
                "run", "--rm", "--network", "none", "--runtime", "own", "busybox", "true");
        assertThat(result.status()).isEqualTo(125);
        assertThat(result.err()).contains("makes no sandboxes", "not as a sandboxer");
        assertThat(shims(daemon)).isEmpty();
        assertThat(daemon.ok("ps", "-aq")).isEmpty();
      }
    } finally {
      Files.delete(file);
    }
  }

  /** Process ids of the daemon's shims, which have its folder in their environment. */
  private static String shims(Daemon daemon) {
    return Commands.sh(
            "for p in $(pgrep -f containerd-shim-runc-v2); do grep -qs "
                + daemon.folder()
                + "/ /proc/$p/environ && echo $p; done; true")
        .text();
  }

  @Test
  void outlivesTheDaemon() throws InterruptedException {
    try (Daemon daemon = Daemon.start()) {
      run(
          daemon,
          "-d",
          "--name",
          "a",
          "busybox",
          "sh",
          "-c",
          "trap 'echo bye; exit 7' TERM; i=0; while :; do echo $i; i=$((i+1)); sleep 0.05; done");
      run(daemon, "-d", "--name", "b", "busybox", "sh", "-c", "sleep 1; echo done; exit 5");
      daemon.kill9();
      TimeUnit.SECONDS.sleep(2);
      daemon.launch();
      assertThat(daemon.ok("inspect", "--format", "{{.State.Status}}", "a")).isEqualTo("running");
      assertThat(daemon.ok("inspect", "--format", "{{.State.ExitCode}}", "b")).isEqualTo("5");
      assertThat(daemon.ok("logs", "b")).isEqualTo("done");
      assertThat(daemon.ok("exec", "a", "echo", "still")).isEqualTo("still");
      daemon.ok("stop", "a");
      assertThat(daemon.ok("inspect", "--format", "{{.State.ExitCode}}", "a")).isEqualTo("7");
      // Every line, the ones that were printed while there was no daemon among them.
      List<String> lines = daemon.ok("logs", "a").lines().toList();
      assertThat(lines).hasSizeGreaterThan(40);
      for (int i = 0; i < lines.size() - 1; i++) {
        assertThat(lines.get(i)).isEqualTo(Integer.toString(i));
      }
      assertThat(lines.getLast()).isEqualTo("bye");
      daemon.ok("rm", "a", "b");
      assertThat(shims(daemon)).isEmpty();
    }
  }

  /** A shim that is killed ends its container, and says so; nothing of it stays. */
  @Test
  void shimKilled() {
    try (Daemon daemon = Daemon.start()) {
      run(daemon, "-d", "--name", "a", "busybox", "sleep", "1000");
      String pid = shims(daemon).strip();
      assertThat(pid).matches("[0-9]+");
      Commands.sh("kill -9 " + pid);
      assertThat(daemon.ok("wait", "a")).isEqualTo("137");
      daemon.ok("rm", "a");
      assertThat(shims(daemon)).isEmpty();
    }
  }

  /** The steps of an operation, each of which the daemon is killed at. */
  private enum Operation {
    RUN(
        "sandbox.saved sandbox.monitor sandbox.connected container.known container.bundle container.log"
            + " container.streams shim.known shim.launched shim.started shim.answered shim.connected"
            + " container.created container.waiting start.runs"),
    EXEC("exec.known exec.streams exec.added exec.runs"),
    REMOVE(
        "delete.ended delete.task delete.left delete.relays delete.cgroup delete.bundle"
            + " delete.dropped quit.gone quit.unpinned quit.removed");

    private final List<String> points;

    Operation(String points) {
      this.points = List.of(points.split(" ", -1));
    }
  }

  /** Whatever the daemon was doing: the next one leaves nothing of it, and can do it again. */
  @Test
  void daemonKilledAtEachStep() throws IOException {
    try (Daemon daemon = Daemon.startFaulty(Optional.empty())) {
      for (Operation operation : Operation.values()) {
        for (String point : operation.points) {
          killedAt(daemon, operation, point);
        }
      }
    }
  }

  private static void killedAt(Daemon daemon, Operation operation, String point)
      throws IOException {
    Path armed = daemon.faults().resolve("armed");
    if (operation != Operation.RUN) {
      assertThat(run(daemon, "-d", "--name", "c", "busybox", "sleep", "1000").status()).isZero();
    }
    Files.writeString(armed, point + " 1");
    Result cut =
        switch (operation) {
          case RUN -> run(daemon, "-d", "--name", "c", "busybox", "sleep", "1000");
          // Detached: what a client has joined, the monitor holds until the next daemon ends the
          // process.
          case EXEC -> daemon.command("exec", "-d", "c", "true");
          case REMOVE -> daemon.command("rm", "-f", "c");
        };
    assertThat(armed).as("%s was reached; the command said %s", point, cut).doesNotExist();
    daemon.kill9();
    daemon.launch();
    if (operation == Operation.EXEC) {
      assertThat(daemon.ok("exec", "c", "echo", "again")).as(point).isEqualTo("again");
    }
    daemon.command("rm", "-f", "c");
    assertThat(daemon.ok("ps", "-aq")).as(point).isEmpty();
    assertThat(shims(daemon)).as(point).isEmpty();
    assertThat(Commands.sh("ls " + daemon.run() + "/state/sandboxes").text()).as(point).isEmpty();
    assertThat(Commands.sh("grep -c " + daemon.folder() + "/run/state /proc/mounts || true").text())
        .as(point)
        .isEqualTo("0");
    assertThat(
            Commands.sh("find /sys/fs/cgroup/*" + daemon.cgroup() + " -mindepth 1 -type d").text())
        .as(point)
        .isEmpty();
  }
}

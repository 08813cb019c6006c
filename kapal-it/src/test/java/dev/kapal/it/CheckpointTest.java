package dev.kapal.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** A counter that goes on where it was saved, under a real daemon and a real client. */
final class CheckpointTest {
  /** It writes no file: one that is open while it is saved must not have grown when it goes on. */
  private static final String COUNT = "i=0; while :; do i=$((i+1)); echo $i; sleep 0.1; done";

  private static void needs(boolean here, String what) {
    assumeTrue(here, "needs " + what);
  }

  private static int counted(Daemon daemon, String name) {
    String logs = daemon.ok("logs", name).strip();
    return logs.isEmpty() ? 0 : Integer.parseInt(logs.substring(logs.lastIndexOf('\n') + 1));
  }

  private static void awaitCount(Daemon daemon, String name, int least) throws Exception {
    long end = System.nanoTime() + 30_000_000_000L;
    while (counted(daemon, name) < least) {
      assertThat(System.nanoTime()).as("time to count to %s", least).isLessThan(end);
      TimeUnit.MILLISECONDS.sleep(50);
    }
  }

  private static void goesOn(Daemon daemon, String... run) throws Exception {
    Path folder = Files.createTempDirectory("kapal-checkpoints-");
    try {
      daemon.ok(run);
      awaitCount(daemon, "a", 5);
      assertThat(daemon.ok("checkpoint", "create", "a", "one")).isEqualTo("one");
      assertThat(daemon.ok("inspect", "--format", "{{.State.Status}}", "a")).isEqualTo("exited");
      assertThat(daemon.ok("checkpoint", "ls", "--quiet", "a")).isEqualTo("one");
      final int saved = counted(daemon, "a");
      assertThat(daemon.command("checkpoint", "create", "a", "two").err()).contains("does not run");

      daemon.ok("start", "--checkpoint", "one", "a");
      awaitCount(daemon, "a", saved + 3);
      // One line after the other: it did not begin again.
      assertThat(daemon.ok("logs", "a").lines().filter("1"::equals)).hasSize(1);
      assertThat(daemon.command("checkpoint", "create", "a", "one").err()).contains("already");
      daemon.ok(
          "checkpoint",
          "create",
          "--leave-running",
          "--checkpoint-dir",
          folder.toString(),
          "a",
          "two");
      awaitCount(daemon, "a", counted(daemon, "a") + 3);
      assertThat(daemon.ok("checkpoint", "ls", "-q", "--checkpoint-dir", folder.toString(), "a"))
          .isEqualTo("two");
      daemon.ok("kill", "a");
      int killed = counted(daemon, "a");
      assertThat(killed).isGreaterThan(saved + 5);

      // After the daemon's end by force everything is as it was, and the second goes on too.
      daemon.kill9();
      daemon.launch();
      daemon.ok("start", "--checkpoint", "two", "--checkpoint-dir", folder.toString(), "a");
      TimeUnit.SECONDS.sleep(1);
      daemon.ok("kill", "a");
      assertThat(daemon.ok("logs", "a").lines().filter("1"::equals)).hasSize(1);
      daemon.ok("checkpoint", "rm", "a", "one");
      assertThat(daemon.command("start", "--checkpoint", "one", "a").err())
          .contains("has no checkpoint one");
      daemon.ok("rm", "a");
      assertThat(Files.exists(folder.resolve("two/checkpoint.json"))).isTrue();
    } finally {
      Commands.sh("rm -rf " + folder);
    }
  }

  @Test
  void gvisorGoesOn() throws Exception {
    needs(Files.isExecutable(Path.of("/usr/bin/runsc")), "runsc");
    Path config = Files.createTempFile("kapal-runsc-", ".toml");
    Files.writeString(
        config,
        """
        [runtimes.runsc]
        path = "/usr/bin/runsc"
        args = ["--network=none", "--ignore-cgroups"]
        """);
    try (Daemon daemon = Daemon.start("--config", config.toString())) {
      goesOn(
          daemon,
          "run",
          "-d",
          "--name",
          "a",
          "--network",
          "none",
          "--runtime",
          "runsc",
          "busybox",
          "sh",
          "-c",
          COUNT);
    } finally {
      Files.delete(config);
    }
  }

  @Test
  void runcGoesOn() throws Exception {
    needs(Files.isExecutable(Path.of("/usr/sbin/runc")), "runc");
    needs(Commands.sh("criu check").status() == 0, "a CRIU that works here");
    try (Daemon daemon = Daemon.start()) {
      goesOn(
          daemon,
          "run",
          "-d",
          "--name",
          "a",
          "--network",
          "none",
          "--runtime",
          "runc",
          "busybox",
          "sh",
          "-c",
          COUNT);
    }
  }

  @Test
  void nativeSaysWhoCan() throws IOException {
    try (Daemon daemon = Daemon.start()) {
      daemon.ok("run", "-d", "--name", "a", "--network", "none", "busybox", "sleep", "100");
      Result refused = daemon.command("checkpoint", "create", "a", "one");
      assertThat(refused.status()).isEqualTo(1);
      assertThat(refused.err()).contains("native runtime has no checkpoints", "runsc");
      assertThat(daemon.ok("checkpoint", "ls", "-q", "a")).isEmpty();
      assertThat(daemon.ok("inspect", "--format", "{{.State.Status}}", "a")).isEqualTo("running");
      daemon.ok("rm", "-f", "a");
    }
  }
}

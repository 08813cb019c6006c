package dev.kapal.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/**
 * The daemon killed with -9 at any instant: nothing lost, nothing left over. {@link CrashPointTest}
 * kills it at each step; here chance chooses, and several things are under way at once.
 */
final class CrashTest {
  private static final int KILLS = Integer.getInteger("kapal.kills", 30);

  @Test
  void containersGoOnAndTellTheirStoryAfterwards() throws Exception {
    try (Daemon daemon = Daemon.start()) {
      daemon.ok(
          "run",
          "-d",
          "--name",
          "counter",
          "--network",
          "none",
          "busybox",
          "sh",
          "-c",
          "i=0; while [ $i -lt 300 ]; do i=$((i+1)); echo $i; usleep 10000; done; exit 7");
      daemon.ok("run", "-d", "--name", "sleeper", "--network", "none", "busybox", "sleep", "600");
      daemon.ok(
          "run", "-d", "--rm", "--name", "gone", "--network", "none", "busybox", "sleep", "1");
      daemon.ok("exec", "-d", "sleeper", "sleep", "500");
      String execs = daemon.ok("inspect", "-f", "{{json .ExecIDs}}", "sleeper");
      assertThat(execs).matches("\\[\"[0-9a-f]{64}\"]");
      Path said = daemon.folder().resolve("said");
      ProcessBuilder builder =
          new ProcessBuilder(daemon.line("exec", "sleeper", "sh", "-c", "sleep 2; exit 0"));
      builder.environment().putAll(daemon.clientEnvironment());
      Process attached = builder.redirectError(said.toFile()).start();
      TimeUnit.MILLISECONDS.sleep(600);
      daemon.kill9();
      // Whoever is attached is told at once, and not that it went well.
      assertThat(attached.waitFor(1, TimeUnit.SECONDS)).isTrue();
      assertThat(attached.exitValue()).isEqualTo(125);
      assertThat(said).content().contains("kapal: the daemon").contains("closed the connection");
      TimeUnit.MILLISECONDS.sleep(4000);
      daemon.launch();
      assertThat(daemon.ok("wait", "counter")).isEqualTo("7");
      List<String> expected = new ArrayList<>();
      for (int i = 1; i <= 300; i++) {
        expected.add(Integer.toString(i));
      }
      assertThat(daemon.ok("logs", "counter").lines()).containsExactlyElementsOf(expected);
      assertThat(daemon.ok("inspect", "-f", "{{.State.Status}}", "sleeper")).isEqualTo("running");
      assertThat(daemon.ok("exec", "sleeper", "echo", "here")).isEqualTo("here");
      // The exec is still known, and nobody else's process is.
      assertThat(daemon.ok("inspect", "-f", "{{json .ExecIDs}}", "sleeper")).isEqualTo(execs);
      assertThat(daemon.ok("top", "sleeper").lines()).hasSize(3);
      assertThat(daemon.ok("ps", "-a", "--format", "{{.Names}}")).doesNotContain("gone");
    }
  }

  @Test
  void killedAtAnyInstantNothingIsLostOrLeftOver() throws InterruptedException {
    Random random = new Random(20261121);
    try (Daemon daemon = Daemon.start()) {
      daemon.ok("run", "-d", "--name", "keeper", "--network", "none", "busybox", "sleep", "3600");
      for (int round = 0; round < KILLS; round++) {
        List<Process> clients = new ArrayList<>();
        String name = "k" + round;
        try {
          clients.add(begin(daemon, "run", "--rm", "--network", "none", "busybox", "true"));
          clients.add(
              begin(daemon, "create", "--name", name, "--network", "none", "busybox", "true"));
          clients.add(begin(daemon, "exec", "keeper", "true"));
          if (round % 3 == 0) {
            clients.add(
                begin(
                    daemon,
                    "run",
                    "-d",
                    "--name",
                    name + "d",
                    "--network",
                    "none",
                    "busybox",
                    "sleep",
                    "0.05"));
          }
          if (round > 0) {
            clients.add(begin(daemon, "rm", "-f", "k" + (round - 1)));
          }
          TimeUnit.MICROSECONDS.sleep(random.nextInt(60_000));
        } finally {
          daemon.kill9();
          for (Process client : clients) {
            if (!client.waitFor(20, TimeUnit.SECONDS)) {
              client.destroyForcibly();
              throw new AssertionError(
                  "round " + round + ": a client does not notice the daemon's end");
            }
          }
        }
        daemon.launch();
        assertThat(daemon.ok("inspect", "-f", "{{.State.Status}}", "keeper"))
            .as("round " + round)
            .isEqualTo("running");
      }
      // Everything that is left is known by name and can be removed.
      daemon.ok("ps", "-aq").lines().forEach(id -> daemon.ok("rm", "-f", id));
      assertThat(daemon.ok("ps", "-aq")).isEmpty();
      assertThat(daemon.command("system", "check").mustSucceed().status()).isZero();
      assertThat(Traces.settled(daemon))
          .satisfies(traces -> {
            assertThat(traces.mounts()).isZero();
            assertThat(traces.cgroups()).isZero();
            assertThat(traces.monitors()).isZero();
          });
    }
  }

  private static Process begin(Daemon daemon, String... words) {
    try {
      ProcessBuilder builder = new ProcessBuilder(daemon.line(words));
      builder.environment().putAll(daemon.clientEnvironment());
      builder.redirectErrorStream(true);
      builder.redirectOutput(ProcessBuilder.Redirect.DISCARD);
      return builder.start();
    } catch (java.io.IOException e) {
      throw new AssertionError(e);
    }
  }
}

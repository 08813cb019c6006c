package dev.kapal.it;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/** What a newcomer does, and what the shell expects of a command that runs another. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
abstract class MainJobCases {
  private Kapal daemon;

  /** The daemon to test. */
  abstract Kapal open();

  @BeforeAll
  void start() {
    daemon = open();
  }

  @AfterAll
  void stop() {
    if (daemon != null) {
      daemon.close();
    }
  }

  @Test
  void runsACommandInTheEmbeddedImage() {
    assertThat(daemon.ok("run", "--rm", "--network", "none", "busybox", "uname", "-s"))
        .isEqualTo("Linux");
    assertThat(daemon.ok("ps", "-aq")).isEmpty();
  }

  @Test
  void passesInputOutputAndErrorsThrough() {
    Result result =
        daemon.commandWithInput(
            "one\ntwo\n",
            "run",
            "-i",
            "--rm",
            "--network",
            "none",
            "busybox",
            "sh",
            "-c",
            "tr a-z A-Z; echo problem >&2");
    assertThat(result.out()).isEqualTo("ONE\nTWO\n");
    assertThat(result.err()).isEqualTo("problem\n");
    assertThat(result.status()).isZero();
  }

  @Test
  void largeOutputArrivesWhole() {
    Result result =
        daemon.command(
            "run",
            "--rm",
            "--network",
            "none",
            "busybox",
            "sh",
            "-c",
            "seq 1 200000; seq 1 1000 >&2");
    assertThat(result.out()).hasSize(1_288_895).endsWith("\n200000\n");
    assertThat(result.err()).hasSize(3893);
  }

  @Test
  void exitStatusesAreTheFieldsOwn() {
    assertThat(run("sh", "-c", "exit 42").status()).isEqualTo(42);
    // The first process of a pid namespace is immune to signals that it does not handle; an init in
    // front helps.
    assertThat(
            daemon
                .command(
                    "run",
                    "--rm",
                    "--init",
                    "--network",
                    "none",
                    "busybox",
                    "sh",
                    "-c",
                    "kill -TERM $$")
                .status())
        .isEqualTo(143);
    assertThat(run("no-such-program").status()).isEqualTo(127);
    assertThat(run("/etc").status()).isEqualTo(126);
    assertThat(daemon.command("run", "--no-such-flag", "busybox").status()).isEqualTo(125);
    assertThat(daemon.command("run", "--rm", "localhost/not-there:1", "true").status())
        .isEqualTo(125);
  }

  @Test
  void errorsAreOneSentenceThatNamesTheThing() {
    Result result = daemon.command("inspect", "nobody");
    assertThat(result.status()).isNotZero();
    assertThat(result.err()).contains("nobody").endsWith("\n");
    assertThat(result.err().strip().lines()).hasSize(1);
    assertThat(result.err()).doesNotContain("Exception");
  }

  private Result run(String... command) {
    String[] words = new String[5 + command.length];
    words[0] = "run";
    words[1] = "--rm";
    words[2] = "--network";
    words[3] = "none";
    words[4] = "busybox";
    System.arraycopy(command, 0, words, 5, command.length);
    return daemon.command(words);
  }
}

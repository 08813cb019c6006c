package dev.kapal.it;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/** Containers through their life, by the command line. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
abstract class LifecycleCases {
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

  @AfterEach
  void removeAll() {
    String ids = daemon.ok("ps", "-aq");
    ids.lines().forEach(id -> daemon.command("rm", "-f", "-v", id));
    assertThat(daemon.ok("ps", "-aq")).isEmpty();
  }

  @Test
  void aContainerIsCreatedStartedStoppedAndStartedAgain() {
    String id = daemon.ok("create", "--name", "c", "--network", "none", "busybox", "sleep", "100");
    assertThat(id).matches("[0-9a-f]{64}");
    assertThat(state("c")).isEqualTo("created");
    assertThat(daemon.ok("start", "c")).isEqualTo("c");
    assertThat(state("c")).isEqualTo("running");
    assertThat(daemon.ok("stop", "-t", "1", "c")).isEqualTo("c");
    assertThat(state("c")).isEqualTo("exited");
    assertThat(daemon.ok("inspect", "-f", "{{.State.ExitCode}}", "c")).isIn("137", "143");
    daemon.ok("start", "c");
    assertThat(state("c")).isEqualTo("running");
    daemon.ok("restart", "-t", "0", "c");
    assertThat(state("c")).isEqualTo("running");
    daemon.ok("kill", "c");
    assertThat(daemon.ok("wait", "c")).isEqualTo("137");
  }

  @Test
  void namesAreUniqueAndCanBeChanged() {
    daemon.ok("create", "--name", "one", "--network", "none", "busybox");
    Result again = daemon.command("create", "--name", "one", "--network", "none", "busybox");
    assertThat(again.status()).isNotZero();
    assertThat(again.err()).contains("one");
    daemon.ok("rename", "one", "two");
    assertThat(daemon.ok("ps", "-a", "--format", "{{.Names}}")).isEqualTo("two");
    assertThat(daemon.command("inspect", "one").status()).isNotZero();
  }

  @Test
  void logsAreKeptAndTold() {
    daemon.ok(
        "run",
        "-d",
        "--name",
        "l",
        "--network",
        "none",
        "busybox",
        "sh",
        "-c",
        "echo err >&2; sleep 0.2; echo out; seq 1 100");
    daemon.ok("wait", "l");
    Result logs = daemon.command("logs", "l").mustSucceed();
    assertThat(logs.out()).startsWith("out\n").endsWith("\n100\n");
    assertThat(logs.err()).isEqualTo("err\n");
    assertThat(daemon.ok("logs", "--tail", "2", "l")).isEqualTo("99\n100");
    assertThat(daemon.ok("logs", "-t", "--tail", "1", "l"))
        .matches("\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{9}Z 100");
  }

  @Test
  void execRunsBesideAndReportsItsStatus() {
    daemon.ok(
        "run", "-d", "--name", "e", "--network", "none", "-e", "A=b", "busybox", "sleep", "60");
    assertThat(daemon.ok("exec", "e", "sh", "-c", "echo $A; hostname")).startsWith("b\n");
    assertThat(daemon.command("exec", "e", "sh", "-c", "exit 9").status()).isEqualTo(9);
    assertThat(daemon.command("exec", "e", "nothing-there").status()).isEqualTo(127);
    assertThat(daemon.commandWithInput("abc", "exec", "-i", "e", "cat").mustSucceed().out())
        .isEqualTo("abc");
    assertThat(
            daemon.ok(
                "exec", "-u", "1000:1001", "-w", "/tmp", "e", "sh", "-c", "id -u; id -g; pwd"))
        .isEqualTo("1000\n1001\n/tmp");
  }

  @Test
  void pausedContainersStandStill() {
    daemon.ok("run", "-d", "--name", "p", "--network", "none", "busybox", "sleep", "60");
    daemon.ok("pause", "p");
    assertThat(state("p")).isEqualTo("paused");
    daemon.ok("unpause", "p");
    assertThat(state("p")).isEqualTo("running");
  }

  @Test
  void filesAreCopiedInAndOut() {
    daemon.ok("create", "--name", "f", "--network", "none", "busybox", "cat", "/data/file");
    String folder = daemon.files() + "/cp";
    daemon.shell("mkdir -p " + folder + "/data && echo content > " + folder + "/data/file");
    daemon.ok("cp", folder + "/data", "f:/");
    assertThat(daemon.ok("start", "-a", "f")).isEqualTo("content");
    daemon.ok("cp", "f:/data/file", folder + "/back");
    assertThat(daemon.shell("cat " + folder + "/back")).isEqualTo("content");
    assertThat(daemon.ok("diff", "f")).contains("A /data/file");
  }

  @Test
  void volumesKeepWhatContainersLeave() {
    daemon.ok("volume", "create", "v");
    daemon.ok(
        "run", "--rm", "--network", "none", "-v", "v:/d", "busybox", "sh", "-c", "echo kept >/d/f");
    assertThat(
            daemon.ok(
                "run", "--rm", "--network", "none", "-v", "v:/d:ro", "busybox", "cat", "/d/f"))
        .isEqualTo("kept");
    Result readOnly =
        daemon.command(
            "run", "--rm", "--network", "none", "-v", "v:/d:ro", "busybox", "touch", "/d/g");
    assertThat(readOnly.status()).isEqualTo(1);
    assertThat(daemon.ok("volume", "ls", "-q")).isEqualTo("v");
    daemon.ok("volume", "rm", "v");
    assertThat(daemon.ok("volume", "ls", "-q")).isEmpty();
  }

  @Test
  void aCommittedContainerIsAnImage() {
    daemon.ok(
        "run", "--name", "base", "--network", "none", "busybox", "sh", "-c", "echo made >/made");
    daemon.ok("commit", "-c", "CMD [\"cat\", \"/made\"]", "base", "localhost/derived:1");
    assertThat(daemon.ok("run", "--rm", "--network", "none", "localhost/derived:1"))
        .isEqualTo("made");
    assertThat(daemon.ok("images", "--format", "{{.Repository}}:{{.Tag}}"))
        .contains("localhost/derived:1");
    daemon.ok("rmi", "localhost/derived:1");
    assertThat(daemon.ok("images", "--format", "{{.Repository}}:{{.Tag}}"))
        .doesNotContain("derived");
  }

  @Test
  void imagesTravelAsArchives() {
    String archive = daemon.files() + "/busybox.tar";
    daemon.ok("tag", "busybox", "localhost/other:2");
    daemon.ok("save", "-o", archive, "localhost/other:2");
    daemon.ok("rmi", "localhost/other:2");
    assertThat(daemon.ok("load", "-i", archive)).contains("localhost/other:2");
    assertThat(daemon.ok("run", "--rm", "--network", "none", "localhost/other:2", "echo", "hi"))
        .isEqualTo("hi");
    daemon.ok("rmi", "localhost/other:2");
  }

  @Test
  void restartPoliciesBringContainersBack() throws InterruptedException {
    daemon.ok(
        "run",
        "-d",
        "--name",
        "r",
        "--network",
        "none",
        "--restart",
        "on-failure:2",
        "busybox",
        "sh",
        "-c",
        "echo again; exit 3");
    for (int i = 0; i < 100 && !state("r").equals("exited"); i++) {
      Thread.sleep(100);
    }
    assertThat(daemon.ok("logs", "r").lines()).hasSize(3);
    assertThat(daemon.ok("inspect", "-f", "{{.RestartCount}}", "r")).isEqualTo("2");
  }

  @Test
  void limitsHold() {
    assertThat(
            daemon.ok(
                "run",
                "--rm",
                "--network",
                "none",
                "--memory",
                "64m",
                "busybox",
                "sh",
                "-c",
                "cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/memory/memory.limit_in_bytes 2>/dev/null || :"))
        .isEqualTo("67108864");
    Result killed =
        daemon.command(
            "run",
            "--name",
            "oom",
            "--network",
            "none",
            "--memory",
            "16m",
            "busybox",
            "sh",
            "-c",
            "dd if=/dev/zero of=/dev/null bs=64M count=4");
    assertThat(killed.status()).isEqualTo(137);
    assertThat(daemon.ok("inspect", "-f", "{{.State.OOMKilled}}", "oom")).isEqualTo("true");
  }

  @Test
  void privilegesAreWhatWasAsked() {
    String limited = caps();
    assertThat(limited).isEqualTo("00000000a80425fb");
    assertThat(caps("--cap-drop", "ALL")).isEqualTo("0000000000000000");
    assertThat(caps("--cap-drop", "ALL", "--cap-add", "NET_ADMIN")).isEqualTo("0000000000001000");
    Result write =
        daemon.command("run", "--rm", "--network", "none", "--read-only", "busybox", "touch", "/x");
    assertThat(write.status()).isEqualTo(1);
    assertThat(write.err()).contains("Read-only file system");
  }

  @Test
  void badInputChangesNothing() {
    for (String[] bad :
        new String[][] {
          {"run", "--memory", "12q", "busybox", "true"},
          {"run", "-p", "99999:1", "busybox", "true"},
          {"run", "-v", "relative/../x:/y", "busybox", "true"},
          {"run", "--mount", "type=nothing,dst=/x", "busybox", "true"},
          {"run", "--restart", "sometimes", "busybox", "true"},
          {"run", "-u", "no-such-user", "--network", "none", "busybox", "true"},
          {"run", "--name", "a/b", "busybox", "true"},
          {"run", "--ulimit", "nofile=x", "busybox", "true"},
          {"run", "--cap-add", "FLY", "busybox", "true"},
          {"create", "UPPER/Case:bad tag", "true"},
        }) {
      Result result = daemon.command(bad);
      assertThat(result.status()).as(String.join(" ", bad)).isEqualTo(125);
      assertThat(result.err().strip()).as(String.join(" ", bad)).isNotEmpty();
      assertThat(result.err()).as(String.join(" ", bad)).doesNotContain("Exception");
      assertThat(daemon.ok("ps", "-aq")).as(String.join(" ", bad)).isEmpty();
    }
  }

  private String caps(String... flags) {
    String[] words = new String[flags.length + 8];
    words[0] = "run";
    words[1] = "--rm";
    words[2] = "--network";
    words[3] = "none";
    System.arraycopy(flags, 0, words, 4, flags.length);
    words[4 + flags.length] = "busybox";
    words[5 + flags.length] = "sed";
    words[6 + flags.length] = "-n";
    words[7 + flags.length] = "s/^CapEff:\\t//p";
    String[] all = java.util.Arrays.copyOf(words, words.length + 1);
    all[words.length] = "/proc/self/status";
    return daemon.ok(all);
  }

  private String state(String name) {
    return daemon.ok("inspect", "-f", "{{.State.Status}}", name);
  }
}

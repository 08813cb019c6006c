package dev.kapal.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.kapal.linux.KernelFeatures;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Containers whose root is nobody on the host. */
final class UserNamespaceTest {
  private static final String[] MAPS = {
    "--userns", "private", "--uidmap", "0:100000:65536", "--gidmap", "0:200000:65536"
  };

  private static Daemon daemon;

  @BeforeAll
  static void start() {
    KernelFeatures kernel = KernelFeatures.host();
    assumeTrue(kernel.userNamespaces(), "needs user namespaces");
    assumeTrue(
        kernel.idmappedMounts() && kernel.release().isAtLeast(5, 19),
        "needs id-mapped mounts as layers of an overlay (Linux 5.19)");
    daemon = Daemon.start();
  }

  @AfterAll
  static void stop() {
    if (daemon != null) {
      daemon.close();
    }
  }

  @AfterEach
  void removeAll() {
    daemon.ok("ps", "-aq").lines().forEach(id -> daemon.command("rm", "-f", id));
  }

  /** The words of {@code run --network none} with the maps, and more. */
  private static String[] run(String... more) {
    String[] words = new String[3 + MAPS.length + more.length];
    words[0] = "run";
    words[1] = "--network";
    words[2] = "none";
    System.arraycopy(MAPS, 0, words, 3, MAPS.length);
    System.arraycopy(more, 0, words, 3 + MAPS.length, more.length);
    return words;
  }

  private static String status(String container, String field) {
    String pid = daemon.ok("inspect", "-f", "{{.State.Pid}}", container);
    return Commands.sh("grep ^" + field + ": /proc/" + pid + "/status | cut -f2").text();
  }

  @Test
  void aRangeOfTheHostIsTheDefault() {
    assertThat(
            daemon.ok("run", "--rm", "--network", "none", "--userns", "private", "busybox", "id"))
        .startsWith("uid=0(root) gid=0(root)");
    String[] map =
        daemon
            .ok(
                "run",
                "--rm",
                "--network",
                "none",
                "--userns",
                "private",
                "busybox",
                "cat",
                "/proc/self/uid_map")
            .strip()
            .split("\\s+");
    assertThat(map[0]).isEqualTo("0");
    assertThat(Long.parseLong(map[1])).isPositive();
    assertThat(Long.parseLong(map[2])).isGreaterThanOrEqualTo(65536);
  }

  @Test
  void rootInsideIsNobodyOutside() {
    daemon.ok(run("-d", "--name", "c", "busybox", "sleep", "60"));
    assertThat(status("c", "Uid")).isEqualTo("100000");
    assertThat(status("c", "Gid")).isEqualTo("200000");
    assertThat(daemon.ok("exec", "c", "stat", "-c", "%u %g", "/", "/bin/busybox", "/etc/hosts"))
        .isEqualTo("0 0\n0 0\n0 0");
    assertThat(
            daemon.ok(
                "exec",
                "c",
                "sh",
                "-c",
                "echo 192.0.2.1 x >> /etc/hosts && cat /etc/hostname /etc/resolv.conf >/dev/null"
                    + " && echo y > /dev/null && head -c 1 /dev/zero | wc -c"
                    + " && echo z > /dev/shm/z && ls -d /dev/mqueue /sys/fs/cgroup"))
        .isEqualTo("1\n/dev/mqueue\n/sys/fs/cgroup");
    assertThat(daemon.ok("exec", "-u", "9:8", "c", "id")).startsWith("uid=9").contains("gid=8");
    assertThat(daemon.ok("exec", "-t", "c", "tty")).isEqualTo("/dev/pts/0");
  }

  @Test
  void streamsBelongToTheUser() {
    String write = "echo out > /dev/stdout; echo err > /dev/stderr";
    Result result = daemon.command(run("--rm", "-u", "1000", "busybox", "sh", "-c", write));
    assertThat(result.out()).as(result.err()).isEqualTo("out\n");
    assertThat(result.err()).isEqualTo("err\n");
    daemon.ok(run("-d", "--name", "c", "busybox", "sleep", "60"));
    assertThat(daemon.ok("exec", "-u", "1000", "c", "sh", "-c", write)).isEqualTo("out");
  }

  @Test
  void filesKeepTheOwnersOfTheImageOnDisk() throws IOException {
    daemon.ok(
        run(
            "--name",
            "c",
            "busybox",
            "sh",
            "-c",
            "echo a > /new; chown 7:8 /new; rm /bin/vi; echo b"));
    assertThat(daemon.ok("logs", "c")).isEqualTo("b");
    assertThat(daemon.ok("diff", "c")).contains("A /new").contains("D /bin/vi");
    daemon.ok("commit", "c", "localhost/mapped");
    assertThat(
            daemon.ok(
                "run",
                "--rm",
                "--network",
                "none",
                "localhost/mapped",
                "sh",
                "-c",
                "stat -c '%u %g' / /new /bin/busybox; ls /bin/vi" + " 2>/dev/null || echo gone"))
        .isEqualTo("0 0\n7 8\n0 0\ngone");
    daemon.ok("rm", "c");
    daemon.ok("rmi", "localhost/mapped");
  }

  @Test
  void aStoppedOneStartsAgainWithItsFiles() {
    daemon.ok(
        run("-d", "--name", "c", "busybox", "sh", "-c", "cat /kept; id -u > /kept; exec sleep 60"));
    daemon.ok("exec", "c", "sh", "-c", "until test -s /kept; do usleep 10000; done");
    daemon.ok("stop", "-t", "0", "c");
    daemon.ok("start", "c");
    assertThat(daemon.ok("exec", "c", "sh", "-c", "cat /kept; stat -c %u /kept")).startsWith("0");
    daemon.ok("restart", "-t", "0", "c");
    assertThat(status("c", "Uid")).isEqualTo("100000");
    daemon.ok("rm", "-f", "c");
    assertThat(daemon.ok("ps", "-aq")).isEmpty();
  }

  @Test
  void filesAreCopiedBothWays() throws IOException {
    Path file = daemon.folder().resolve("copied");
    Files.writeString(file, "text");
    daemon.ok(
        run("-d", "--name", "c", "-v", "copies:/v", "--tmpfs", "/t", "busybox", "sleep", "60"));
    for (String place : new String[] {"/root", "/v", "/t"}) {
      daemon.ok("cp", file.toString(), "c:" + place + "/running");
      assertThat(daemon.ok("exec", "c", "stat", "-c", "%u %g", place + "/running"))
          .isEqualTo("0 0");
      daemon.ok("cp", "c:" + place + "/running", file + ".back");
      assertThat(Files.readString(Path.of(file + ".back"))).isEqualTo("text");
    }
    daemon.ok("stop", "-t", "0", "c");
    for (String place : new String[] {"/root", "/v"}) {
      daemon.ok("cp", file.toString(), "c:" + place + "/stopped");
      daemon.ok("cp", "c:" + place + "/running", file + ".back");
    }
    daemon.ok("start", "c");
    assertThat(daemon.ok("exec", "c", "stat", "-c", "%u %g", "/root/stopped", "/v/stopped"))
        .isEqualTo("0 0\n0 0");
  }

  @Test
  void volumesAreSharedWithOthersAndBindsAreTheHosts() throws IOException {
    Path bind = Files.createDirectory(daemon.folder().resolve("bind"));
    daemon.ok(
        run("--rm", "-v", "shared:/v", "busybox", "sh", "-c", "echo a > /v/a; chown 3:4 /v/a"));
    assertThat(
            daemon.ok(
                "run",
                "--rm",
                "--network",
                "none",
                "-v",
                "shared:/v",
                "busybox",
                "stat",
                "-c",
                "%u %g",
                "/v",
                "/v/a"))
        .isEqualTo("0 0\n3 4");
    assertThat(
            daemon.ok(
                "run",
                "--rm",
                "--network",
                "none",
                "--userns",
                "private",
                "-v",
                "shared:/v",
                "busybox",
                "sh",
                "-c",
                "stat -c '%u %g' /v/a; echo b > /v/b && stat -c '%u %g' /v/b"))
        .isEqualTo("3 4\n0 0");
    assertThat(
            daemon.ok(
                run(
                    "--rm",
                    "-v",
                    bind + ":/b",
                    "busybox",
                    "sh",
                    "-c",
                    "stat -c '%u %g' /b; echo x > /b/x || echo no")))
        .isEqualTo("65534 65534\nno");
  }
}

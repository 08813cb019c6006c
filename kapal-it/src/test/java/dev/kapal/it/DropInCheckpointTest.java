package dev.kapal.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.kapal.linux.Fd;
import dev.kapal.linux.Linux;
import dev.kapal.linux.SocketType;
import dev.kapal.linux.Sockets;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** {@code kapal-oci checkpoint} and {@code restore}: containers that go on where they were. */
final class DropInCheckpointTest extends DropInFixture {
  private static final String COUNT =
      "i=0; while :; do i=$((i+1)); echo $i >/dev/shm/count; sleep 0.05; done";

  @Override
  DropIn open() {
    assumeTrue(Commands.sh("criu check").status() == 0, "needs a CRIU that works: criu check");
    return DropIn.withDaemon();
  }

  @AfterEach
  void noImagesAreLeft() {
    Commands.sh("rm -rf '" + oci.folder.resolve("images") + "'");
  }

  private String[] images(String command, String... more) {
    List<String> words =
        new ArrayList<>(List.of(command, "--image-path", oci.folder.resolve("images").toString()));
    words.addAll(List.of("--work-path", oci.folder.resolve("images/work").toString()));
    words.addAll(List.of(more));
    return words.toArray(String[]::new);
  }

  /**
   * With no streams but the null device, or that file as its input: what CRIU can, or cannot save.
   */
  private Result quiet(String input, String... words) {
    String script = "\"$@\" <'" + input + "' >/dev/null 2>/dev/null";
    List<String> line = new ArrayList<>(List.of("sh", "-c", script, "sh"));
    line.addAll(oci.line(words));
    return Commands.run(line, oci.environment(), "", Duration.ofSeconds(60));
  }

  private int count(String id) {
    String text = inside(id, "cat /dev/shm/count");
    return text.isEmpty() ? 0 : Integer.parseInt(text);
  }

  private void awaitCount(String id, int least) throws InterruptedException {
    for (int i = 0; i < 200 && count(id) < least; i++) {
      TimeUnit.MILLISECONDS.sleep(50);
    }
    assertThat(count(id)).isGreaterThanOrEqualTo(least);
  }

  /** Memory, files of a tmpfs, mounts, limits, hidden paths and hooks are as they were. */
  @Test
  void goesOnWhereItWas() throws Exception {
    Path data = Files.createDirectories(oci.folder.resolve("data"));
    Files.writeString(data.resolve("file"), "bound\n");
    Path seen = oci.folder.resolve("hooks");
    String edits =
        """
        c['mounts'] += [
          {'destination': '/linked', 'type': 'bind', 'source': '%s', 'options': ['rbind']},
          {'destination': '/one', 'type': 'bind', 'source': '%s/file', 'options': ['bind', 'ro']}]
        c['linux']['resources']['memory'] = {'limit': 67108864}
        c['hooks'] = {'createRuntime': [{'path': '/bin/sh', 'args': ['sh', '-c',
          'cat >>%s; echo >>%s']}]}
        """
            .formatted(data, data, seen, seen);
    Path bundle = oci.bundle("count", edits, "sh", "-c", COUNT);
    Commands.sh("mkdir -p '%1$s/real' && ln -sfn /real '%1$s/linked'".formatted(oci.rootfs));
    quiet("/dev/null", "run", "-d", "--bundle", bundle.toString(), "count").mustSucceed();
    awaitCount("count", 5);
    oci.ok(images("checkpoint", "--leave-running", "count"));
    assertThat(status("count")).isEqualTo("running");
    awaitCount("count", count("count") + 2);

    int saved = count("count");
    oci.ok(images("checkpoint", "count"));
    assertThat(oci.run("state", "count").err()).contains("container does not exist");
    assertThat(oci.left()).isEmpty();
    // Another machine would not have the places of its mounts.
    Commands.sh("rm -rf '" + oci.rootfs + "/one'");

    Path pidFile = oci.folder.resolve("count.pid");
    quiet(
            "/dev/null",
            images(
                "restore",
                "-d",
                "--pid-file",
                pidFile.toString(),
                "--bundle",
                bundle.toString(),
                "again"))
        .mustSucceed();
    assertThat(status("again")).isEqualTo("running");
    assertThat(Files.readString(pidFile)).isEqualTo(Integer.toString(pid("again")));
    assertThat(count("again")).isGreaterThanOrEqualTo(saved);
    awaitCount("again", saved + 3);
    assertThat(inside("again", "cat /linked/file /one; (echo x >/one) 2>&1 | grep -c Read-only"))
        .isEqualTo("bound\nbound\n1");
    assertThat(inside("again", "wc -c </proc/keys; ls /proc/scsi /sys/firmware 2>&1 | wc -l"))
        .startsWith("0\n");
    assertThat(inside("again", "grep Seccomp: /proc/1/status; cut -d: -f3 /proc/self/cgroup"))
        .isEqualTo(inside("again", "grep Seccomp: /proc/self/status; cut -d: -f3 /proc/1/cgroup"));
    assertThat(oci.ok("events", "--stats", "again")).contains("67108864");
    // Once for the creation, once for the restoration.
    assertThat(Commands.sh("grep -c '\"status\":\"creating\"' '" + seen + "'").text())
        .isEqualTo("2");
    oci.ok("pause", "again");
    oci.ok(images("checkpoint", "again"));
    assertThat(oci.left()).isEmpty();
  }

  @Test
  void theRestoredProcessIsItsCallersToWaitFor() {
    Path bundle = oci.bundle("wait", "", "sh", "-c", "read x; echo got $x; exit 9");
    String script =
        """
        import ctypes, os, subprocess, sys
        ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)
        images, bundle, line = sys.argv[1], sys.argv[2], sys.argv[3:]
        def streams():
            return os.pipe(), os.pipe()
        def do(words, streams=None):
            (i, o) = streams or ((0, 1), (0, 1))
            subprocess.check_call(line + words, stdin=i[0], stdout=o[1], stderr=2 if not streams else o[1])
        do(['run', '-d', '--pid-file', images + '.pid', '--bundle', bundle, 'wait'], streams())
        first = int(open(images + '.pid').read())
        do(['checkpoint', '--image-path', images, 'wait'])
        print(os.waitstatus_to_exitcode(os.waitpid(first, 0)[1]))
        now = streams()
        do(['restore', '-d', '--image-path', images, '--pid-file', images + '.pid', '--bundle', bundle, 'wait'], now)
        pid = int(open(images + '.pid').read())
        assert open('/proc/%d/stat' % pid).read().rsplit(')')[1].split()[1] == str(os.getpid())
        os.write(now[0][1], b'typed\\n')
        print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), os.read(now[1][0], 100))
        do(['delete', 'wait'])
        try:
            print(os.waitpid(-1, os.WNOHANG))
        except ChildProcessError:
            print('no others')
        # Not detached, the command waits for it, ends as it does, and removes it.
        now = streams()
        child = subprocess.Popen(line + ['restore', '--image-path', images, '--bundle', bundle, 'wait'],
                                 stdin=now[0][0], stdout=now[1][1])
        os.write(now[0][1], b'more\\n')
        print(child.wait(), os.read(now[1][0], 100))
        os.remove(images + '.pid')
        """;
    assertThat(
            python(script, oci.folder.resolve("images").toString(), bundle.toString())
                .mustSucceed()
                .out())
        .isEqualTo("-9\n9 b'got typed\\n'\nno others\n9 b'got more\\n'\n");
    assertThat(oci.run("state", "wait").err()).contains("container does not exist");
  }

  @Test
  void givesAwayTheTerminalOfTheRestored() throws Exception {
    Linux linux = Linux.system();
    Path path = oci.folder.resolve("console.sock");
    Path bundle =
        oci.bundle("tty", "c['process']['terminal'] = True", "sh", "-c", "read x; echo got $x");
    try (Fd listener = linux.sockets().listen(path.toString(), SocketType.STREAM, 0600)) {
      String[] where = {"--console-socket", path.toString(), "--bundle", bundle.toString()};
      oci.ok("run", "-d", where[0], where[1], where[2], where[3], "tty");
      // Whoever drops it hangs up.
      try (Fd socket = linux.sockets().accept(listener);
          Sockets.Received first = linux.sockets().receive(socket, new byte[64], 0, 64, 1)) {
        assertThat(first.descriptors()).hasSize(1);
        oci.ok(images("checkpoint", "tty"));
      }
      oci.ok(images("restore", "-d", where[0], where[1], where[2], where[3], "tty"));
      try (Fd socket = linux.sockets().accept(listener);
          Sockets.Received got = linux.sockets().receive(socket, new byte[64], 0, 64, 1)) {
        Fd master = got.descriptors().getFirst();
        linux.descriptors().writeFully(master, "x\n".getBytes(StandardCharsets.UTF_8));
        StringBuilder text = new StringBuilder();
        byte[] buffer = new byte[256];
        while (text.indexOf("got x") < 0) {
          int count = linux.descriptors().read(master, buffer, 0, buffer.length);
          text.append(new String(buffer, 0, count, StandardCharsets.UTF_8));
        }
      }
    }
    Files.delete(path);
  }

  /** A network namespace that was there before is the one it comes back to. */
  @Test
  void comesBackToItsNetwork() throws Exception {
    Path net = Files.createFile(oci.folder.resolve("net"));
    Commands.sh("unshare --net='%s' ip link set lo up".formatted(net)).mustSucceed();
    try {
      String join =
          "[n for n in c['linux']['namespaces'] if n['type'] == 'network'][0]['path'] = '%s'";
      Path bundle = oci.bundle("net", join.formatted(net), "sh", "-c", COUNT);
      quiet("/dev/null", "run", "-d", "--bundle", bundle.toString(), "net").mustSucceed();
      oci.ok(images("checkpoint", "net"));
      quiet("/dev/null", images("restore", "-d", "--bundle", bundle.toString(), "net"))
          .mustSucceed();
      assertThat(Commands.sh("stat -Lc %i /proc/" + pid("net") + "/ns/net").text())
          .isEqualTo(Commands.sh("stat -Lc %i '" + net + "'").text());
      assertThat(inside("net", "ip addr show lo")).contains("127.0.0.1");
      oci.ok("delete", "-f", "net");
    } finally {
      Commands.sh("umount '" + net + "'").mustSucceed();
      Files.delete(net);
    }
  }

  @Test
  void whatCannotBeSavedGoesOn() throws Exception {
    Path open = Files.writeString(oci.folder.resolve("outside"), "x");
    Path bundle = oci.bundle("file", "", "sh", "-c", COUNT);
    quiet(open.toString(), "run", "-d", "--bundle", bundle.toString(), "file").mustSucceed();
    awaitCount("file", 2);
    Result refused = oci.run(images("checkpoint", "file"));
    assertThat(refused.status()).isEqualTo(1);
    assertThat(refused.err())
        .contains("criu failed: type DUMP")
        .contains("Can't lookup mount")
        .contains("path=" + open)
        .contains("log file: " + oci.folder.resolve("images/work/dump.log"));
    assertThat(status("file")).isEqualTo("running");
    awaitCount("file", count("file") + 3);
    oci.ok("delete", "-f", "file");

    assertThat(oci.run(images("restore", "--bundle", bundle.toString(), "file")).err())
        .contains("criu failed: type RESTORE");
    assertThat(oci.left()).isEmpty();
    assertThat(
            oci.run("restore", "--image-path", "/nowhere", "--bundle", bundle.toString(), "x")
                .err())
        .contains("directory with images /nowhere cannot be opened");
    assertThat(oci.run(images("checkpoint", "x")).err()).contains("container does not exist");
  }

  @Test
  void saysWhereCriuIsMissing() {
    oci.sleeping("no");
    String path = oci.folder.toString();
    assertThat(oci.runWith(java.util.Map.of("PATH", path), "", images("checkpoint", "no")).err())
        .contains("criu cannot be executed; CRIU has to be installed");
    assertThat(status("no")).isEqualTo("running");
  }
}

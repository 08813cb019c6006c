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
import java.util.Map;
import org.junit.jupiter.api.Test;

/** kapal-oci beside a daemon. */
final class DropInTest extends DropInCases {
  /** Another mount namespace, another user: the daemon would do what the caller could not. */
  @Test
  void whoIsNotTheDaemonsEqualGoesOnWithoutIt() {
    Path bundle = oci.bundle("ns", "", "echo", "from a JVM");
    List<String> line = new ArrayList<>(List.of("unshare", "--mount", "--propagation", "slave"));
    line.addAll(oci.line("run", "--bundle", bundle.toString(), "ns"));
    Result result = Commands.run(line, oci.environment(), "", Duration.ofSeconds(60));
    assertThat(result.mustSucceed().out()).isEqualTo("from a JVM\n");
    List<String> poor =
        new ArrayList<>(List.of("setpriv", "--bounding-set", "-all", "--inh-caps", "-all"));
    poor.addAll(oci.line("run", "--bundle", bundle.toString(), "poor"));
    Result refused = Commands.run(poor, oci.environment(), "", Duration.ofSeconds(60));
    assertThat(refused.status()).isNotZero();
    assertThat(refused.out()).isEmpty();
    oci.run("delete", "--force", "poor");
  }

  @Test
  void tellsOfProgramsThatAreNone() throws Exception {
    Path missing = oci.bundle("none", "", "no-such-program");
    assertThat(oci.run("run", "--bundle", missing.toString(), "none").err())
        .contains("exec: \\\"no-such-program\\\": executable file not found in $PATH");
    Path path = oci.bundle("none", "", "/bin/no-such-program");
    assertThat(oci.run("run", "--bundle", path.toString(), "none").err())
        .contains("stat /bin/no-such-program: no such file or directory");
    Path directory = oci.bundle("none", "", "/bin");
    assertThat(oci.run("run", "--bundle", directory.toString(), "none").err())
        .contains("permission denied");
    Files.writeString(oci.rootfs.resolve("bin/garbage"), "garbage");
    Commands.sh("chmod +x '" + oci.rootfs.resolve("bin/garbage") + "'");
    Path garbage = oci.bundle("none", "", "/bin/garbage");
    Result result = oci.run("run", "--bundle", garbage.toString(), "none");
    assertThat(result.status()).isEqualTo(255);
    assertThat(result.err()).isEqualTo("exec /bin/garbage: exec format error\n");
  }

  @Test
  void executesFurtherProcesses() {
    oci.sleeping("ex");
    Result result =
        oci.runWith(Map.of(), "in\n", "exec", "ex", "sh", "-c", "cat; echo e >&2; exit 6");
    assertThat(result.status()).isEqualTo(6);
    assertThat(result.out()).isEqualTo("in\n");
    assertThat(result.err()).isEqualTo("e\n");
    assertThat(
            oci.ok(
                "exec",
                "--user",
                "7:8",
                "-g",
                "9",
                "--cwd",
                "/tmp",
                "-e",
                "A=b",
                "ex",
                "sh",
                "-c",
                "echo $(id -u) $(id -g) $(id -G) $PWD $A"))
        .isEqualTo("7 8 8 9 /tmp b");
    assertThat(
            oci.ok("exec", "--cap", "CAP_NET_ADMIN", "ex", "grep", "CapEff", "/proc/self/status"))
        .endsWith("1420");
    assertThat(oci.ok("exec", "ex", "grep", "CapInh", "/proc/self/status"))
        .endsWith("0000000000000000");
    assertThat(oci.run("exec", "--user", "4294967296", "ex", "true").status()).isEqualTo(255);
    assertThat(oci.run("exec", "ex", "nothing").err())
        .contains("exec failed")
        .contains("executable file not found in $PATH");
    assertThat(oci.run("exec", "ex", "nothing").status()).isEqualTo(255);
    assertThat(oci.run("exec", "ex", "sh", "-c", "kill -9 $$").status()).isEqualTo(137);
  }

  @Test
  void givesAwayItsTerminal() throws Exception {
    Linux linux = Linux.system();
    Path path = oci.folder.resolve("console.sock");
    Path bundle =
        oci.bundle(
            "tty", "c['process']['terminal'] = True", "sh", "-c", "tty; read x; echo got $x");
    assertThat(oci.run("create", "--bundle", bundle.toString(), "tty").err())
        .contains("cannot allocate tty if runc will detach without setting console socket");
    try (Fd listener = linux.sockets().listen(path.toString(), SocketType.STREAM, 0600)) {
      oci.ok(
          "run", "-d", "--console-socket", path.toString(), "--bundle", bundle.toString(), "tty");
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
        assertThat(text).contains("/dev/pts/0").contains("got x");
      }
    }
    Files.delete(path);
    await("tty", "stopped");
  }

  @Test
  void relaysItsOwnTerminal() {
    Path bundle =
        oci.bundle(
            "relay",
            "c['process']['terminal'] = True",
            "sh",
            "-c",
            "tty; read x; echo got $x; exit 3");
    String line = String.join(" ", oci.line("run", "--bundle", bundle.toString(), "relay"));
    Result result =
        Commands.run(
            List.of("script", "-qec", line, "/dev/null"),
            oci.environment(),
            "typed\n",
            java.time.Duration.ofSeconds(60));
    assertThat(result.out()).contains("/dev/pts/0").contains("got typed");
    assertThat(result.status()).isEqualTo(3);
  }

  @Test
  void pausesUpdatesAndTells() {
    oci.sleeping("lim");
    oci.ok("update", "--memory", "64m", "--pids-limit", "40", "lim");
    Result update =
        oci.runWith(
            Map.of(),
            "{\"memory\":{\"limit\":33554432},\"cpu\":{\"shares\":0,\"quota\":0}}",
            "update",
            "--resources",
            "-",
            "lim");
    update.mustSucceed();
    String stats = oci.ok("events", "--stats", "lim");
    String picked =
        Commands.sh(
                "echo '"
                    + stats
                    + "' | jq -r '\"\\(.data.memory.usage.limit) \\(.data.pids.limit)\"'")
            .text();
    assertThat(picked).isEqualTo("33554432 40");
    oci.ok("pause", "lim");
    assertThat(status("lim")).isEqualTo("paused");
    assertThat(oci.run("exec", "lim", "true").err()).contains("cannot exec in a paused container");
    oci.ok("resume", "lim");
    assertThat(oci.run("resume", "lim").err()).contains("container not paused");
    String pid = Commands.sh("echo '" + oci.ok("state", "lim") + "' | jq .pid").text();
    assertThat(oci.ok("ps", "--format", "json", "lim")).isEqualTo("[" + pid + "]");
    assertThat(oci.ok("ps", "lim")).contains("PID").contains("sleep 1000");
    assertThat(oci.ok("list", "-q")).isEqualTo("lim");
    assertThat(oci.ok("list")).startsWith("ID").contains("running");
    assertThat(oci.ok("list", "--format", "json")).contains("\"id\":\"lim\"");
    assertThat(Commands.sh("echo '" + oci.ok("features") + "' | jq -r .linux.cgroup.v1").text())
        .isEqualTo("true");
    assertThat(oci.ok("--version")).contains("spec: ");
  }

  @Test
  void passesDescriptorsAndSockets() {
    Path bundle =
        oci.bundle("fds", "", "sh", "-c", "cat <&3; echo $LISTEN_FDS $LISTEN_PID; cat <&4");
    String line =
        String.join(
            " ", oci.line("run", "--preserve-fds", "1", "--bundle", bundle.toString(), "fds"));
    Result result =
        Commands.run(
            List.of(
                "bash", "-c", "LISTEN_FDS=1 exec " + line + " 3< <(echo three) 4< <(echo four)"),
            oci.environment(),
            "",
            java.time.Duration.ofSeconds(60));
    assertThat(result.mustSucceed().out()).isEqualTo("three\n1 1\nfour\n");
  }

  @Test
  void itsOwnProgramIsOutOfReach() throws Exception {
    Path script = oci.rootfs.resolve("bin/self");
    Files.writeString(script, "#!/proc/self/exe\n");
    Commands.sh("chmod +x '" + script + "'");
    oci.sleeping("self");
    String before = Commands.sh("sha256sum '" + Installation.home() + "/bin/kapal-oci'").text();
    // The container runs the runtime's own program, and tries to write what /proc says it is.
    Result result =
        oci.run("exec", "self", "sh", "-c", "exec 3</proc/1/exe; self & echo x >/proc/$!/exe");
    assertThat(result.status()).isNotZero();
    assertThat(Commands.sh("sha256sum '" + Installation.home() + "/bin/kapal-oci'").text())
        .isEqualTo(before);
    Files.delete(script);
  }

  /** Without a PID namespace of its own nothing ends them with it. */
  @Test
  void whatOutlivesTheFirstProcessCanBeKilled() throws Exception {
    String edits =
        "c['linux']['namespaces'] = [n for n in c['linux']['namespaces'] if n['type'] != 'pid']";
    Path bundle = oci.bundle("rest", edits, "sh", "-c", "sleep 717171 & sleep 717172");
    Path pid = oci.folder.resolve("rest.pid");
    oci.detached("run", "-d", "--pid-file", pid.toString(), "--bundle", bundle.toString(), "rest")
        .mustSucceed();
    Eventually.holds(
        "both run", () -> Commands.sh("pgrep -fxc 'sleep 71717[12]'").text().equals("2"));
    Commands.sh("kill -9 " + Files.readString(pid)).mustSucceed();
    await("rest", "stopped");
    assertThat(oci.run("kill", "rest", "TERM").err()).contains("container not running");
    oci.ok("kill", "rest", "KILL");
    Eventually.holds(
        "none is left", () -> Commands.sh("pgrep -fx 'sleep 71717[12]'").status() != 0);
    Eventually.holds(
        "there is none to kill",
        () -> oci.run("kill", "rest", "KILL").err().contains("container not running"));
    oci.ok("delete", "rest");
  }

  /** A pod's containers may share their PID namespace, which outlives each of them. */
  @Test
  void whatRunsInAnothersPidNamespaceIsKilledWithItsFirstProcess() throws Exception {
    Path pid = oci.folder.resolve("pod.pid");
    Path pod = oci.bundle("pod", "", "sleep", "1000");
    oci.detached("run", "-d", "--pid-file", pid.toString(), "--bundle", pod.toString(), "pod")
        .mustSucceed();
    String edits =
        """
        c['linux']['namespaces'] = [n for n in c['linux']['namespaces'] if n['type'] != 'pid']
        c['linux']['namespaces'].append({'type': 'pid', 'path': '/proc/%s/ns/pid'})
        """
            .formatted(Files.readString(pid));
    Path member = oci.bundle("member", edits, "sh", "-c", "sleep 727271 & sleep 727272");
    oci.detached("run", "-d", "--bundle", member.toString(), "member").mustSucceed();
    Eventually.holds(
        "both run", () -> Commands.sh("pgrep -fxc 'sleep 72727[12]'").text().equals("2"));
    oci.ok("kill", "member", "KILL");
    Eventually.holds(
        "none is left", () -> Commands.sh("pgrep -fx 'sleep 72727[12]'").status() != 0);
    await("pod", "running");
  }

  @Test
  void mapsUsers() {
    String edits =
        """
        c['linux']['namespaces'].append({'type': 'user'})
        for k in ('uidMappings', 'gidMappings'):
            c['linux'][k] = [{'containerID': 0, 'hostID': 0, 'size': 1000}]
        """;
    Path bundle = oci.bundle("users", edits, "cat", "/proc/self/uid_map");
    assertThat(oci.ok("run", "--bundle", bundle.toString(), "users").split(" +"))
        .containsExactly("0", "0", "1000");
  }

  @Test
  void showsTheNotifySocketInside() {
    Path bundle = oci.bundle("sd", "", "sh", "-c", "test -S $NOTIFY_SOCKET && echo there");
    Path socket = oci.daemon.run().resolve("cli.sock");
    Result result =
        oci.runWith(
            Map.of("NOTIFY_SOCKET", socket.toString()),
            "",
            "run",
            "--bundle",
            bundle.toString(),
            "sd");
    assertThat(result.mustSucceed().out()).isEqualTo("there\n");
  }

  @Test
  void variablesAndBindingsAreAsCallersOfRuncKnowThem() throws Exception {
    Path users = oci.rootfs.resolve("etc/passwd");
    Files.createDirectories(users.getParent());
    String before = Files.exists(users) ? Files.readString(users) : "";
    Files.writeString(users, before + "somebody:x:4242:4242::/home/somebody:/bin/sh\n");
    String edits =
        """
        c['process']['user'] = {'uid': 4242, 'gid': 4242}
        c['process']['env'] += ['HOME=', 'A=1', 'A=2']
        c['process']['capabilities']['bounding'] += ['UNKNOWN_CAP']
        c['Process'] = c.pop('process')
        """;
    Path bundle = oci.bundle("env", edits, "sh", "-c", "echo $HOME $A; env | grep -c ^A=");
    List<String> line = new ArrayList<>(List.of("taskset", "-c", "0"));
    line.addAll(oci.line("run", "--bundle", bundle.toString(), "env"));
    Result result = Commands.run(line, oci.environment(), "", Duration.ofSeconds(60));
    assertThat(result.mustSucceed().out()).isEqualTo("/home/somebody 2\n1\n");
    oci.bundle("env", "", "grep", "Cpus_allowed_list", "/proc/self/status");
    String all = Commands.sh("grep Cpus_allowed_list /proc/self/status").text();
    assertThat(
            Commands.run(line, oci.environment(), "", Duration.ofSeconds(60)).mustSucceed().text())
        .isEqualTo(all);
    oci.sleeping("ex");
    assertThat(oci.ok("exec", "--user", "4242", "ex", "sh", "-c", "echo $HOME"))
        .isEqualTo("/home/somebody");
    assertThat(oci.ok("exec", "--user", "7", "ex", "sh", "-c", "echo $HOME")).isEqualTo("/");
    Files.writeString(users, before);
  }

  /** What a process calls its own descriptors are the caller's, not the daemon's. */
  @Test
  void readsWhatItsCallerHasOpen() {
    oci.sleeping("fd");
    String process =
        "{\\\"args\\\":[\\\"echo\\\",\\\"read\\\"],\\\"cwd\\\":\\\"/\\\",\\\"env\\\":[\\\"PATH=/bin\\\"],\\\"user\\\":{}}";
    String script =
        String.join(" ", oci.line("exec", "--process")) + " <(echo \"" + process + "\") fd";
    Result result =
        Commands.run(List.of("bash", "-c", script), oci.environment(), "", Duration.ofSeconds(60));
    assertThat(result.mustSucceed().out()).isEqualTo("read\n");
    assertThat(oci.run("exec", "--pid-file", "/none/x", "fd", "true").status()).isEqualTo(255);
    assertThat(oci.run("exec", "--cgroup", "..", "fd", "true").err())
        .contains(".. is not a sub cgroup path");
    assertThat(oci.run("exec", "--cgroup", "whatever:/", "fd", "true").err())
        .contains("unknown controller whatever");
  }

  /** A group that is somebody else's is left alone, with all that is in it. */
  @Test
  void takesNoGroupThatIsInUse() {
    oci.sleeping("first");
    Path bundle = oci.bundle("first", "", "sleep", "1000");
    for (String command : List.of("create", "run")) {
      Result refused = oci.run(command, "--bundle", bundle.toString(), "second");
      assertThat(refused.status()).isEqualTo(1);
      assertThat(refused.err()).contains("container's cgroup is not empty");
    }
    oci.ok("pause", "first");
    assertThat(oci.run("create", "--bundle", bundle.toString(), "second").err())
        .contains("container's cgroup unexpectedly frozen");
    oci.ok("resume", "first");
    assertThat(status("first")).isEqualTo("running");
    assertThat(oci.ok("list", "-q")).isEqualTo("first");
    String unified = "c['linux']['resources']['unified'] = {'memory.min': '1'}";
    Path other = oci.bundle("unified", unified, "true");
    assumeTrue(Files.exists(Path.of("/sys/fs/cgroup/memory")), "the rest is about cgroup v1");
    assertThat(oci.run("run", "--bundle", other.toString(), "unified").err())
        .contains("invalid configuration: cannot use unified resources on cgroup v1");
  }

  @Test
  void aTerminalsOutputComesAsItWasWritten() throws Exception {
    Path bundle =
        oci.bundle("lines", "c['process']['terminal'] = True", "sh", "-c", "echo one; echo two");
    assertThat(oci.run("run", "--bundle", bundle.toString(), "lines").mustSucceed().out())
        .isEqualTo("one\ntwo\n");
    Path script = oci.rootfs.resolve("bin/orphan");
    Files.writeString(script, "#!/no/interpreter\n");
    Commands.sh("chmod +x '" + script + "'");
    oci.sleeping("orphan");
    assertThat(oci.run("exec", "orphan", "/bin/orphan").err())
        .contains("exec /bin/orphan: no such file or directory");
    Files.delete(script);
  }

  /** Mappings of a mount's own map its ids, without an option that says so. */
  @Test
  void mountsWithMappingsAreMapped() throws Exception {
    assumeTrue(
        Commands.sh("echo '" + oci.ok("features") + "' | jq .linux.mountExtensions.idmap.enabled")
            .text()
            .equals("true"),
        "needs id-mapped mounts");
    Path source = Files.createDirectories(oci.folder.resolve("mapped"));
    Files.writeString(source.resolve("file"), "x");
    String edits =
        """
        one = [{'containerID': 0, 'hostID': 100000, 'size': 10}]
        c['mounts'] += [{'destination': '/mapped', 'source': '%s', 'options': ['bind'],
          'uidMappings': one, 'gidMappings': one}]
        """
            .formatted(source);
    Path bundle = oci.bundle("mapped", edits, "stat", "-c", "%u:%g", "/mapped/file");
    assertThat(oci.ok("run", "--bundle", bundle.toString(), "mapped")).isEqualTo("100000:100000");
  }
}

package dev.kapal.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Processes of kapal-oci as callers of runc know them. */
final class DropInProcessTest extends DropInFixture {
  /** Whoever gets it ends the process, and a created container ends at a SIGTERM, too. */
  @Test
  void handsOverADescriptorOfTheProcess() throws Exception {
    Path bundle = oci.bundle("pidfd", "", "sleep", "1000");
    String script =
        """
        import os, signal, socket, subprocess, sys
        bundle, folder, line = sys.argv[1], sys.argv[2], sys.argv[3:]
        null = subprocess.DEVNULL
        def got(number, *words):
            path, pid = folder + '/pidfd.sock', folder + '/pidfd.pid'
            listener = socket.socket(socket.AF_UNIX)
            listener.bind(path)
            listener.listen()
            subprocess.check_call(line + [words[0], '--pidfd-socket', path, '--pid-file', pid] + list(words[1:]),
                                  stdin=null, stdout=null, stderr=null)
            message, fds, _, _ = socket.recv_fds(listener.accept()[0], 64, 4)
            text = open('/proc/self/fdinfo/%d' % fds[0]).read()
            assert len(fds) == 1 and 'Pid:\\t%s\\n' % open(pid).read() in text, text
            signal.pidfd_send_signal(fds[0], number)
            os.remove(path)
            os.remove(pid)
            print(message.decode(), flush=True)
        got(signal.SIGTERM, 'create', '--bundle', bundle, 'created')
        while subprocess.check_output(line + ['state', 'created']).find(b'stopped') < 0: pass
        subprocess.check_call(line + ['delete', 'created'])
        got(signal.SIGKILL, 'run', '-d', '--bundle', bundle, 'ran')
        subprocess.check_call(line + ['delete', '-f', 'ran'])
        subprocess.check_call(line + ['run', '-d', '--bundle', bundle, 'ex'], stdin=null, stdout=null, stderr=null)
        got(signal.SIGKILL, 'exec', '-d', 'ex', 'sleep', '1000')
        while len(subprocess.check_output(line + ['ps', '--format', 'json', 'ex']).split(b',')) > 1: pass
        """;
    assertThat(python(script, bundle.toString(), oci.folder.toString()).mustSucceed().out())
        .isEqualTo("pidfd\npidfd\npidfd\n");
    assertThat(status("ex")).isEqualTo("running");
  }

  @Test
  void aProcessHasItsPlaceForEachController() throws Exception {
    assumeTrue(Files.exists(Path.of("/sys/fs/cgroup/memory")), "controllers apart are cgroup v1's");
    oci.sleeping("groups");
    String place = oci.cgroup + "/groups";
    Files.createDirectory(Path.of("/sys/fs/cgroup/memory" + place + "/m"));
    Files.createDirectory(Path.of("/sys/fs/cgroup/pids" + place + "/p"));
    String[] both = {"--cgroup", "memory:m", "--cgroup", "pids:p"};
    assertThat(
            oci.ok(
                "exec", both[0], both[1], both[2], both[3], "groups", "cat", "/proc/self/cgroup"))
        .contains(":memory:" + place + "/m")
        .contains(":pids:" + place + "/p")
        .contains(":freezer:" + place + "\n")
        .contains("0::" + place);
    assertThat(oci.run("exec", "--cgroup", "m", "groups", "true").err())
        .contains("error adding pid")
        .contains("/m/cgroup.procs: no such file or directory");
    assertThat(oci.run("exec", "--cgroup", "memory:..", "groups", "true").err())
        .contains(".. is not a sub cgroup path");
  }

  /** A policy that children do not get is the process's all the same. */
  @Test
  void aProcessIsScheduledAsItIsAskedFor() throws Exception {
    oci.sleeping("dl");
    Path pid = oci.folder.resolve("dl.pid");
    Path process = oci.folder.resolve("dl.json");
    String scheduler =
        """
        {"policy": "SCHED_DEADLINE", "flags": ["SCHED_FLAG_RESET_ON_FORK"],
          "runtime": 42000, "deadline": 1000000, "period": 1000000}
        """;
    Files.writeString(
        process,
        "{\"args\": [\"sleep\", \"1000\"], \"cwd\": \"/\", \"env\": [\"PATH=/bin\"], \"user\": {}, \"scheduler\": "
            + scheduler
            + "}");
    oci.detached("exec", "-d", "--pid-file", pid.toString(), "--process", process.toString(), "dl")
        .mustSucceed();
    assertThat(Commands.sh("chrt -p $(cat '" + pid + "')").text())
        .contains("SCHED_DEADLINE|SCHED_RESET_ON_FORK")
        .contains("42000/1000000/1000000");
    String edits =
        "c['process']['scheduler'] = %s\nc['linux']['resources']['cpu'] = {'cpus': '0'}\n"
            .formatted(scheduler.strip());
    Path bundle = oci.bundle("some", edits, "true");
    assumeTrue(Runtime.getRuntime().availableProcessors() > 1, "there is one CPU only");
    assertThat(oci.run("run", "--bundle", bundle.toString(), "some").err())
        .contains("process scheduler can't be used together with AllowedCPUs");
  }

  @Test
  void programsAreExecutedByTheRightsThatTheProcessHas() throws Exception {
    Path program = Files.writeString(oci.rootfs.resolve("bin/mine"), "#!/bin/sh\necho mine\n");
    Commands.sh("chmod 744 '" + program + "'").mustSucceed();
    String user = "c['process']['user'] = {'uid': 1000, 'gid': 1000}\n";
    Path poor = oci.bundle("mine", user, "/bin/mine");
    assertThat(oci.run("run", "--bundle", poor.toString(), "mine").err())
        .contains("permission denied");
    String may =
        """
        for k in ('bounding', 'effective', 'permitted', 'inheritable', 'ambient'):
            c['process']['capabilities'].setdefault(k, []).append('CAP_DAC_OVERRIDE')
        c['linux']['resources']['devices'][0]['access'] = 'rwma'
        """;
    Path able = oci.bundle("mine", user + may, "/bin/mine");
    assertThat(oci.ok("run", "--bundle", able.toString(), "mine")).isEqualTo("mine");
    Files.writeString(program, "#!/no/interpreter\n");
    Path orphan = oci.bundle("mine", "", "/bin/mine");
    Result result = oci.run("run", "--bundle", orphan.toString(), "mine");
    assertThat(result.status()).isEqualTo(255);
    assertThat(result.err()).isEqualTo("exec /bin/mine: no such file or directory\n");
    Files.delete(program);
  }

  /** What the config asks of all its processes, the further ones have as well. */
  @Test
  void furtherProcessesHaveWhatTheFirstHas() {
    assumeTrue(System.getProperty("os.arch").equals("amd64"), "i686 is x86-64's other domain");
    String edits =
        """
        c['linux']['personality'] = {'domain': 'LINUX32'}
        for k in ('bounding', 'inheritable'):
            c['process']['capabilities'][k] = ['CAP_KILL', 'CAP_CHOWN', 'CAP_SYSLOG']
        for k in ('permitted', 'effective', 'ambient'):
            c['process']['capabilities'][k] = ['CAP_CHOWN']
        """;
    Path bundle = oci.bundle("like", edits, "sleep", "1000");
    oci.detached("run", "-d", "--bundle", bundle.toString(), "like").mustSucceed();
    assertThat(inside("like", "uname -m")).isEqualTo("i686");
    assertThat(oci.ok("exec", "like", "grep", "CapAmb", "/proc/self/status")).endsWith("000001");
    String[] more = {"exec", "--user", "7", "--cap", "CAP_SYSLOG", "--cap", "CAP_NET_RAW", "like"};
    // Ambient is what the config lets be inherited; nothing becomes inheritable (CVE-2022-29162).
    String sets =
        oci.ok(
            more[0],
            more[1],
            more[2],
            more[3],
            more[4],
            more[5],
            more[6],
            more[7],
            "sed",
            "-n",
            "s/^Cap\\(Inh\\|Eff\\|Amb\\):[^1-9]*/\\1 /p",
            "/proc/self/status");
    assertThat(sets.split("\\s+"))
        .containsExactly("Inh", "400000021", "Eff", "400000001", "Amb", "400000001");
  }

  /** Control groups without "ro" are the container's to divide. */
  @Test
  void controlGroupsMayBeWritable() {
    String mount =
        """
        c['mounts'] = [m for m in c['mounts'] if m['destination'] != '/sys/fs/cgroup']
        c['mounts'] += [{'destination': '/sys/fs/cgroup', 'type': 'cgroup', 'source': 'cgroup',
          'options': ['nosuid', 'noexec', 'nodev', 'relatime'%s]}]
        """;
    String script =
        "for c in /sys/fs/cgroup /sys/fs/cgroup/pids; do test -e $c/cgroup.procs &&"
            + " mkdir $c/inner && echo $$ >$c/inner/cgroup.procs && grep -c inner /proc/self/cgroup; done";
    Path bundle = oci.bundle("rw", mount.formatted(""), "sh", "-c", script);
    assertThat(oci.run("run", "--bundle", bundle.toString(), "rw").out()).isEqualTo("1\n");
    oci.bundle("rw", mount.formatted(", 'ro'"), "sh", "-c", script);
    Result refused = oci.run("run", "--bundle", bundle.toString(), "rw");
    assertThat(refused.out()).isEmpty();
    assertThat(refused.err()).contains("Read-only file system");
  }

  /** Also one that had no class of service before, with all that runs in it. */
  @Test
  void theClassOfServiceMayChange() throws Exception {
    Path resctrl = Files.createDirectories(oci.folder.resolve("resctrl/info")).getParent();
    Map<String, String> env = Map.of("KAPAL_RESCTRL", resctrl.toString());
    oci.sleeping("class");
    oci.runWith(env, "", "update", "--l3-cache-schema", "L3:0=f", "class").mustSucceed();
    Path schemata = resctrl.resolve("class/schemata");
    assertThat(Files.readString(schemata)).isEqualTo("L3:0=f\n");
    assertThat(Files.readString(resctrl.resolve("class/tasks"))).isEqualTo(pid("class") + "\n");
    oci.runWith(env, "", "update", "--mem-bw-schema", "MB:0=20", "class").mustSucceed();
    assertThat(Files.readString(schemata)).isEqualTo("L3:0=f\nMB:0=20\n");
    Result refused =
        oci.runWith(env, "", "update", "--memory", "64m", "--mem-bw-schema", "L3:0=1", "class");
    assertThat(refused.err()).contains("has to be one line that begins with MB:");
    assertThat(oci.ok("events", "--stats", "class")).doesNotContain("67108864");
    assertThat(Files.readString(schemata)).isEqualTo("L3:0=f\nMB:0=20\n");
    // The kernel's files go with their directory; those of a folder have to be removed.
    Files.delete(schemata);
    Files.delete(resctrl.resolve("class/tasks"));
    oci.runWith(env, "", "delete", "--force", "class").mustSucceed();
    assertThat(resctrl.resolve("class")).doesNotExist();
  }

  @Test
  void deleteEndsWhatOutlivesTheFirstProcess() throws Exception {
    String edits =
        "c['linux']['namespaces'] = [n for n in c['linux']['namespaces'] if n['type'] != 'pid']";
    Path bundle = oci.bundle("left", edits, "sh", "-c", "sleep 717173 & sleep 717174");
    oci.detached("run", "-d", "--bundle", bundle.toString(), "left").mustSucceed();
    Eventually.holds(
        "both run", () -> Commands.sh("pgrep -fxc 'sleep 71717[34]'").text().equals("2"));
    Commands.sh("kill -9 " + pid("left")).mustSucceed();
    await("left", "stopped");
    oci.ok("delete", "left");
    assertThat(Commands.sh("pgrep -fx 'sleep 71717[34]'").status()).isNotZero();
  }
}

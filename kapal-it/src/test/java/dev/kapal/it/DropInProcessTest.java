package dev.kapal.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** Processes and hooks of kapal-oci as callers of runc know them. */
final class DropInProcessTest extends DropInFixture {
  private static final String OUTSIDE_PIDS =
      "c['linux']['namespaces'] = [n for n in c['linux']['namespaces'] if n['type'] != 'pid']\n";

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

  /** Before its root is entered a hook finds the host's files, and begins in the container's. */
  @Test
  void hooksFindWhatTheyExpect() throws Exception {
    Path seen = oci.folder.resolve("seen");
    Path host = Files.writeString(oci.folder.resolve("host"), "of the host");
    Commands.sh("chmod 755 '%1$s' && touch '%2$s' && chmod 666 '%2$s'".formatted(oci.folder, seen));
    String script =
        "read s; cat %s >>%s; mount -t tmpfs x ./tmp && echo put >./tmp/by-hook"
            .formatted(host, seen);
    String edits =
        """
        c['process']['cwd'] = '/bin'
        c['hooks'] = {
          'createContainer': [{'path': '/bin/bash', 'args': ['bash', '-c', '%s']}],
          'startContainer': [{'path': '/bin/sh', 'args': ['sh', '-c', 'echo $HOME $PWD >>/tmp/by-hook']}]}
        """
            .formatted(script);
    Path bundle = oci.bundle("hooks", edits, "cat", "/tmp/by-hook");
    assertThat(oci.ok("run", "--bundle", bundle.toString(), "hooks")).isEqualTo("put\n/root /bin");
    assertThat(Files.readString(seen)).isEqualTo("of the host");
    String users =
        """
        c['linux']['namespaces'].append({'type': 'user'})
        for k in ('uidMappings', 'gidMappings'):
            c['linux'][k] = [{'containerID': 0, 'hostID': 100000, 'size': 1000}]
        """;
    Path mapped = oci.bundle("hooks", edits + users, "cat", "/tmp/by-hook");
    assertThat(oci.ok("run", "--bundle", mapped.toString(), "hooks")).isEqualTo("put\n/root /bin");
    assertThat(Files.readString(seen)).isEqualTo("of the hostof the host");
  }

  @Test
  void saysHowAHookEnded() {
    String edits =
        """
        c['hooks'] = {'%s': [{'path': '/bin/sh', 'args': ['sh', '-c', 'echo why; kill -%s $$']}]}
        """;
    Path bundle = oci.bundle("bad", edits.formatted("startContainer", "SYS"), "sleep", "1000");
    assertThat(oci.run("run", "--bundle", bundle.toString(), "bad").err())
        .contains("error running startContainer hook #0: /bin/sh: it was killed by SIGSYS")
        .contains("(bad system call) and said: why");
    // The program may be at its end before the hook is.
    Path late = oci.bundle("bad", edits.formatted("poststart", "TERM"), "true");
    Result failed = oci.run("run", "--bundle", late.toString(), "bad");
    assertThat(failed.status()).isEqualTo(1);
    assertThat(failed.err()).contains("error running poststart hook #0");
    assertThat(oci.left()).isEmpty();
  }

  /** An agent is asked about calls that the set-up itself makes behind the filter. */
  @Test
  void whatTheSetUpNeedsCanBeAskedFor() {
    String script =
        """
        import ctypes, fcntl, os, socket, struct, subprocess, sys, threading
        bundle, path, line = sys.argv[1], sys.argv[2], sys.argv[3:]
        def agent(listener, asked):
            _, fds, _, _ = socket.recv_fds(listener.accept()[0], 65536, 1)
            while True:
                request = bytearray(80)
                fcntl.ioctl(fds[0], 0xc0502100, request)
                asked.add(struct.unpack_from('<i', request, 16)[0])
                fcntl.ioctl(fds[0], 0xc0182101, struct.pack('<QqiI', *struct.unpack_from('<Q', request), 0, 0, 1))
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(path)
        listener.listen()
        for _ in (1, 2):
            asked = set()
            threading.Thread(target=agent, args=(listener, asked), daemon=True).start()
            print(subprocess.check_output(line + ['run', '--bundle', bundle, 'ask']).decode(), asked >= {0, 1, 3, 59})
            c = open(bundle + '/config.json').read().replace('"noNewPrivileges": true', '"noNewPrivileges": false')
            open(bundle + '/config.json', 'w').write(c)
        sys.stdout.flush()
        os._exit(0)
        """;
    assumeTrue(System.getProperty("os.arch").equals("amd64"), "the numbers are x86-64's");
    Path socket = oci.folder.resolve("agent.sock");
    String edits =
        """
        c['linux']['seccomp'] = {'defaultAction': 'SCMP_ACT_ALLOW', 'listenerPath': '%s', 'syscalls': [
          {'names': ['execve', 'openat', 'open', 'read', 'write', 'close', 'fcntl'], 'action': 'SCMP_ACT_NOTIFY'}]}
        """;
    Path bundle =
        oci.bundle("ask", edits.formatted(socket), "sh", "-c", "cat /etc/none; exec echo done");
    assertThat(python(script, bundle.toString(), socket.toString()).mustSucceed().out())
        .isEqualTo("done\n True\ndone\n True\n");
    oci.bundle("ask", edits.formatted("/nowhere"), "true");
    assertThat(oci.run("run", "--bundle", bundle.toString(), "ask").err())
        .contains("failed to connect with seccomp agent at /nowhere");
    oci.bundle("ask", edits.formatted(socket).replace("'read'", "'sendmsg'"), "true");
    assertThat(oci.run("run", "--bundle", bundle.toString(), "ask").err())
        .contains("SCMP_ACT_NOTIFY cannot be used for the sendmsg syscall");
  }
}

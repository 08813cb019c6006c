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
import org.junit.jupiter.api.Test;

/** Hooks and system call filters of kapal-oci as callers of runc know them. */
final class DropInHooksTest extends DropInFixture {
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
            print(subprocess.check_output(line + ['run', '--bundle', bundle, 'ask']).decode(), asked >= {1, 59})
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

  /** A hook in the container has its filter and, unless it brings its own, its variables. */
  @Test
  void aHookInTheContainerIsOneOfItsProcesses() {
    String edits =
        """
        c['process']['env'] += ['MINE=yes']
        c['hooks'] = {'startContainer': [{'path': '/bin/sh', 'args': ['sh', '-c',
          'mkdir /dev/shm/$MINE 2>/dev/shm/said; echo $MINE >>/dev/shm/said']}]}
        c['linux']['seccomp'] = {'defaultAction': 'SCMP_ACT_ALLOW',
          'syscalls': [{'names': ['mkdir', 'mkdirat'], 'action': 'SCMP_ACT_ERRNO'}]}
        """;
    Path bundle = oci.bundle("hooked", edits, "cat", "/dev/shm/said");
    assertThat(oci.ok("run", "--bundle", bundle.toString(), "hooked"))
        .contains("Operation not permitted")
        .endsWith("yes");
  }

  @Test
  void handsOverTheListenerOfItsFilter() throws Exception {
    Linux linux = Linux.system();
    Path path = oci.folder.resolve("seccomp.sock");
    String edits =
        """
        c['linux']['seccomp'] = {'defaultAction': 'SCMP_ACT_ALLOW', 'listenerPath': '%s',
          'listenerMetadata': 'meta', 'syscalls': [{'names': ['mkdir'], 'action': 'SCMP_ACT_NOTIFY'}]}
        """
            .formatted(path);
    Path bundle = oci.bundle("notify", edits, "sh", "-c", "mkdir /made; sleep 1000");
    try (Fd listener = linux.sockets().listen(path.toString(), SocketType.STREAM, 0600)) {
      oci.detached("run", "--detach", "--bundle", bundle.toString(), "notify").mustSucceed();
      byte[] buffer = new byte[4096];
      try (Fd socket = linux.sockets().accept(listener);
          Sockets.Received got = linux.sockets().receive(socket, buffer, 0, buffer.length, 1)) {
        String message = new String(buffer, 0, got.length(), StandardCharsets.UTF_8);
        assertThat(message).contains("\"metadata\":\"meta\"").contains("\"id\":\"notify\"");
        assertThat(got.descriptors()).hasSize(1);
      }
    }
    Files.delete(path);
  }
}

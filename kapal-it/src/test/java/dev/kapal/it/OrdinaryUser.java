package dev.kapal.it;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * A user of the host with kapal-oci, a root file system and directories of his own. He has a number
 * and no name; in a mount namespace of the test's he has a name, and ids that he may map.
 */
final class OrdinaryUser implements AutoCloseable {
  private static final Duration LIMIT = Duration.ofSeconds(90);

  /** Nobody has this number, and what runs with it is the test's. */
  final int uid = 61_000 + (int) (ProcessHandle.current().pid() % 1000);

  final Path folder;
  private final Path home;

  OrdinaryUser() {
    assumeTrue(Commands.sh("id -u").text().equals("0"), "needs root");
    try {
      folder = Files.createTempDirectory(Path.of("/tmp"), "kapal-user");
    } catch (IOException e) {
      throw new AssertionError(e);
    }
    Commands.sh(
            """
            set -e
            cd '%s'
            mkdir -p run rootfs/bin rootfs/tmp
            cp /bin/busybox rootfs/bin/busybox 2>/dev/null || cp /usr/bin/busybox rootfs/bin/busybox
            for name in sh id cat ls ps sleep echo grep tty mkdir true hostname; do
              ln -s busybox rootfs/bin/$name
            done
            printf 'user:x:%d:%d::%s:/bin/sh\\n' | cat /etc/passwd - >passwd
            printf 'user:x:%d:\\n' | cat /etc/group - >group
            echo 'user:200000:65536' >subuid
            cp subuid subgid
            chown -R %d:%d . && chmod 700 . run
            """
                .formatted(folder, uid, uid, folder, uid, uid, uid))
        .mustSucceed();
    Path dist = Installation.home();
    String reach = "test -x '" + dist + "/bin/kapal-oci' && test -r '" + dist + "/bin/kapald'";
    if (run(List.of(), Map.of(), reach).status() == 0) {
      home = dist;
    } else {
      // It lies in somebody's home. The cache is for the place where it was made.
      home = folder.resolve("kapal");
      Commands.sh(
              "cp -r '"
                  + dist
                  + "' '"
                  + home
                  + "' && rm -f '"
                  + home
                  + "'/lib/kapal.aot* && chmod -R a+rX '"
                  + home
                  + "'")
          .mustSucceed();
    }
  }

  /** Whether the host lets him make a user namespace at all. */
  void assumeNamespaces() {
    Result trial = run(List.of(), Map.of(), "unshare --user --map-root-user true");
    assumeTrue(
        trial.status() == 0, "this host lets no ordinary user make a namespace: " + trial.err());
  }

  /** Runs a script as he; {@code $K} is kapal-oci. */
  Result sh(String script) {
    return run(List.of(), Map.of(), script);
  }

  /** As root in a user namespace that he makes, in which he is the only one. */
  Result inNamespace(String script) {
    return run(
        List.of("unshare", "--user", "--map-root-user", "--mount", "--propagation", "slave"),
        Map.of("USER", "user"),
        script);
  }

  /** As he where he has a name, and subordinate ids. */
  Result named(String script) {
    String bind =
        "cd '"
            + folder
            + "'; for f in passwd group subuid subgid; do"
            + " test -e /etc/$f && mount --bind $f /etc/$f || exit 77; done; exec \"$@\"";
    List<String> line =
        new ArrayList<>(
            List.of("unshare", "--mount", "--propagation", "private", "sh", "-c", bind, "sh"));
    line.addAll(words(List.of(), Map.of("USER", "user"), script));
    return Commands.run(line, Map.of(), "", LIMIT);
  }

  Result run(List<String> within, Map<String, String> environment, String script) {
    return Commands.run(words(within, environment, script), Map.of(), "", LIMIT);
  }

  /** What a process of root's has to execute to be he. */
  List<String> words(List<String> within, Map<String, String> environment, String script) {
    List<String> line =
        new ArrayList<>(
            List.of(
                "setpriv",
                "--reuid=" + uid,
                "--regid=" + uid,
                "--clear-groups",
                "env",
                "-i",
                "PATH=/usr/bin:/bin:/usr/sbin:/sbin",
                "HOME=" + folder,
                "XDG_RUNTIME_DIR=" + folder + "/run",
                "KAPAL_OCI_SOCKET=" + folder + "/nobody",
                "K=" + home + "/bin/kapal-oci"));
    environment.forEach((name, value) -> line.add(name + "=" + value));
    line.addAll(within);
    line.addAll(List.of("sh", "-c", "cd '" + folder + "' || exit; " + script));
    return line;
  }

  /**
   * A bundle of his over the root file system, with the config that {@code spec} writes, edited.
   */
  Path bundle(String name, String edits, String... args) {
    return bundleOf("spec --rootless", name, edits, args);
  }

  Path bundleOf(String spec, String name, String edits, String... args) {
    Path bundle = folder.resolve(name);
    String program =
        """
        import json, sys
        c = json.load(open('config.json'))
        c['process']['terminal'] = False
        c['process']['args'] = sys.argv[3:]
        c['root'] = {'path': sys.argv[1], 'readonly': False}
        exec(sys.argv[2])
        json.dump(c, open('config.json', 'w'))
        """;
    List<String> line =
        words(
            List.of(),
            Map.of(),
            "mkdir -p "
                + name
                + " && cd "
                + name
                + " && rm -f config.json && $K "
                + spec
                + " && exec python3 \"$@\"");
    line.addAll(List.of("sh", "-c", program, folder.resolve("rootfs").toString(), edits));
    line.addAll(List.of(args));
    Commands.run(line, Map.of(), "", LIMIT).mustSucceed();
    return bundle;
  }

  /** What is left of his containers: states and processes. */
  List<String> left() {
    return Commands.sh(
            "ls '" + folder + "/run/kapal-oci' 2>/dev/null; ps -o s=,pid=,args= -u " + uid)
        .out()
        .lines()
        // What has ended is left to whoever runs this machine to reap.
        .filter(line -> !line.startsWith("Z "))
        .toList();
  }

  @Override
  public void close() {
    Commands.sh("kill -9 $(ps -o pid= -u " + uid + ") 2>/dev/null");
    Commands.sh("rm -rf --one-file-system '" + folder + "'");
  }
}

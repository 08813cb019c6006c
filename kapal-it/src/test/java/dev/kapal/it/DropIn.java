package dev.kapal.it;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * kapal-oci over folders of its own: with a daemon, or without. Everything that it made must be
 * gone at the end.
 */
final class DropIn implements AutoCloseable {
  private static final Duration LIMIT = Duration.ofSeconds(60);

  final Daemon daemon;
  final Path folder;
  final Path rootfs;
  final String cgroup;
  private final Map<String, String> env;

  private DropIn(Daemon daemon, boolean alone) {
    this.daemon = daemon;
    this.cgroup = daemon.cgroup();
    try {
      this.folder = Files.createTempDirectory(Path.of("/tmp"), "koci");
      this.rootfs = Files.createDirectory(folder.resolve("rootfs"));
    } catch (IOException e) {
      throw new AssertionError(e);
    }
    Path socket = alone ? folder.resolve("nobody.sock") : daemon.run().resolve("oci.sock");
    this.env =
        Map.of(
            "KAPAL_OCI_SOCKET", socket.toString(), "KAPAL_RUN", folder.resolve("run").toString());
    daemon.ok("create", "--name", "root", "--network", "none", "busybox", "true");
    Commands.run(
            List.of(
                "sh",
                "-c",
                "'" + Installation.client() + "' export root | tar -x -C '" + rootfs + "'"),
            daemon.clientEnvironment(),
            "",
            LIMIT)
        .mustSucceed();
    daemon.ok("rm", "root");
  }

  static DropIn withDaemon() {
    return new DropIn(Daemon.start(), false);
  }

  static DropIn alone() {
    return new DropIn(Daemon.start(), true);
  }

  Path state() {
    return folder.resolve("state");
  }

  Map<String, String> environment() {
    return env;
  }

  List<String> line(String... words) {
    List<String> line = new ArrayList<>();
    line.add(Installation.home().resolve("bin/kapal-oci").toString());
    line.addAll(List.of("--root", state().toString()));
    line.addAll(List.of(words));
    return line;
  }

  Result run(String... words) {
    return runWith(Map.of(), "", words);
  }

  Result runWith(Map<String, String> more, String input, String... words) {
    Map<String, String> all = new HashMap<>(env);
    all.putAll(more);
    return Commands.run(line(words), all, input, LIMIT);
  }

  String ok(String... words) {
    return run(words).mustSucceed().text();
  }

  /**
   * Runs a command whose container stays: that must not hold the streams that the test reads to
   * their end.
   */
  Result detached(String... words) {
    return detachedWith(Map.of(), words);
  }

  /** As the other one, with more environment. */
  Result detachedWith(Map<String, String> more, String... words) {
    String script =
        "\"$@\" </dev/null >/dev/null 2>'"
            + folder
            + "/err'; rc=$?; cat '"
            + folder
            + "/err' >&2; exit $rc";
    List<String> line = new ArrayList<>(List.of("sh", "-c", script, "sh"));
    line.addAll(line(words));
    Map<String, String> all = new HashMap<>(env);
    all.putAll(more);
    return Commands.run(line, all, "", LIMIT);
  }

  /** For tools that take a path of a runtime: kapal-oci with this fixture's environment. */
  Path wrapper() {
    Path file = folder.resolve("kapal-oci");
    try {
      Files.writeString(
          file,
          "#!/bin/sh\nexport KAPAL_OCI_SOCKET="
              + env.get("KAPAL_OCI_SOCKET")
              + "\nexec '"
              + Installation.home().resolve("bin/kapal-oci")
              + "' \"$@\"\n");
      Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
      return file;
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  /** A bundle over the root file system. */
  Path bundle(String name, String edits, String... args) {
    Path bundle = folder.resolve("bundle-" + name);
    try {
      if (!Files.exists(bundle)) {
        Files.createDirectory(bundle);
      }
      Files.deleteIfExists(bundle.resolve("config.json"));
      ok("spec", "--bundle", bundle.toString());
      Files.writeString(bundle.resolve("args"), String.join("\0", args), StandardCharsets.UTF_8);
      String program =
          """
          import json, sys
          f, args, rootfs, cgroup, edits = sys.argv[1:6]
          c = json.load(open(f))
          c['process']['terminal'] = False
          c['process']['args'] = open(args).read().split(chr(0))
          c['root'] = {'path': rootfs, 'readonly': False}
          c['linux']['cgroupsPath'] = cgroup
          exec(edits)
          json.dump(c, open(f, 'w'))
          """;
      Commands.run(
              List.of(
                  "python3",
                  "-c",
                  program,
                  bundle.resolve("config.json").toString(),
                  bundle.resolve("args").toString(),
                  rootfs.toString(),
                  cgroup + "/" + name,
                  edits),
              Map.of(),
              "",
              LIMIT)
          .mustSucceed();
      return bundle;
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  /** Creates and starts a container that sleeps. */
  void sleeping(String name) {
    Path bundle = bundle(name, "", "sleep", "1000");
    detached("run", "--detach", "--bundle", bundle.toString(), name).mustSucceed();
  }

  /** What containers left: states, control groups, mounts. */
  List<String> left() {
    return Commands.sh(
            "ls '"
                + state()
                + "' 2>/dev/null; find /sys/fs/cgroup -mindepth 2 -type d -path '*"
                + cgroup
                + "/*' 2>/dev/null; grep ' "
                + folder
                + "/' /proc/self/mountinfo")
        .out()
        .lines()
        .toList();
  }

  @Override
  public void close() {
    for (String id : run("list", "-q").out().lines().toList()) {
      run("delete", "--force", id);
    }
    List<String> left = left();
    Commands.sh("rm -rf --one-file-system '" + folder + "'");
    daemon.close();
    if (!left.isEmpty()) {
      throw new AssertionError("left behind: " + left);
    }
  }
}

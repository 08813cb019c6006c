package dev.kapal.it;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** A daemon over folders of its own, and the real client talking to it. */
final class Daemon implements Kapal {
  private static final Duration LIMIT = Duration.ofSeconds(60);

  /** Daemons of tests end before the optimizing compiler could pay for what it costs. */
  static final String BRIEF = "-XX:TieredStopAtLevel=1";

  private final Path folder;
  private final String cgroup;
  private final Map<String, String> env = new HashMap<>();
  private final List<String> prefix = new ArrayList<>();
  private final List<String> options = new ArrayList<>();
  private Optional<String> namespace = Optional.empty();
  private Process process;

  private Daemon(Path folder) {
    this.folder = folder;
    this.cgroup = "/kapal-it-" + folder.getFileName();
  }

  static Daemon start(String... options) {
    return start(List.of(), options);
  }

  /** A daemon that lives in a named network namespace. */
  static Daemon startIn(String namespace, String... options) {
    Daemon daemon = create(inside(Optional.of(namespace)), options);
    daemon.namespace = Optional.of(namespace);
    daemon.launch();
    return daemon;
  }

  /** A daemon that is started by a wrapper, which executes it. */
  static Daemon startUnder(String wrapper, String... options) {
    return start(List.of(wrapper), options);
  }

  /** A daemon that tests can have killed at its fault points; see {@link #faults}. */
  static Daemon startFaulty(Optional<String> namespace, String... options) {
    Daemon daemon = create(inside(namespace), options);
    daemon.namespace = namespace;
    try {
      Files.createDirectory(daemon.faults());
      // What it puts there is seen, too: nothing.
      Path tmp = Files.createDirectory(daemon.folder.resolve("tmp"));
      daemon.env.put(
          "KAPAL_JAVA_OPTS", "-Dkapal.faults=" + daemon.faults() + " -Djava.io.tmpdir=" + tmp);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
    daemon.launch();
    return daemon;
  }

  private static List<String> inside(Optional<String> namespace) {
    return namespace.map(n -> List.of("nsenter", "--net=/run/netns/" + n)).orElse(List.of());
  }

  private static Daemon start(List<String> prefix, String... options) {
    Daemon daemon = create(prefix, options);
    daemon.launch();
    return daemon;
  }

  private static Daemon create(List<String> prefix, String... options) {
    try {
      // A short path: the address of a unix socket holds 107 bytes.
      Daemon daemon = new Daemon(Files.createTempDirectory(Path.of("/tmp"), "kit"));
      daemon.prefix.addAll(prefix);
      daemon.options.addAll(List.of(options));
      return daemon;
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  /** The network namespace that it lives in, if that is not the host's. */
  Optional<String> namespace() {
    return namespace;
  }

  Path folder() {
    return folder;
  }

  Path run() {
    return folder.resolve("run");
  }

  Path data() {
    return folder.resolve("data");
  }

  @Override
  public String files() {
    return folder.toString();
  }

  @Override
  public Result sh(String script) {
    return Commands.sh(script);
  }

  @Override
  public String cgroup() {
    return cgroup;
  }

  /** By which {@code dev.kapal.linux.FaultPoint} is controlled. */
  Path faults() {
    return folder.resolve("faults");
  }

  @Override
  public long pid() {
    return process.pid();
  }

  @Override
  public void launch() {
    spawn();
    try {
      long deadline = System.nanoTime() + LIMIT.toNanos();
      while (command("version").status() != 0) {
        if (!process.isAlive() || System.nanoTime() > deadline) {
          throw new AssertionError("the daemon does not answer:\n" + log());
        }
        TimeUnit.MILLISECONDS.sleep(10);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AssertionError(e);
    }
  }

  /** Starts the daemon's process, which may die at once. */
  void spawn() {
    List<String> command = new ArrayList<>(prefix);
    command.add(Installation.home().resolve("bin/kapald").toString());
    command.addAll(List.of("--run-dir", run().toString(), "--data-dir", data().toString()));
    command.addAll(List.of("--cgroup-parent", cgroup));
    command.addAll(options);
    try {
      ProcessBuilder builder = new ProcessBuilder(command);
      builder.environment().put("KAPAL_JAVA_OPTS", BRIEF);
      builder.environment().putAll(env);
      Path log = folder.resolve("daemon.log");
      builder.redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()));
      builder.redirectErrorStream(true);
      builder.redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()));
      process = builder.start();
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  @Override
  public void kill9() {
    process.destroyForcibly();
    awaitEnd();
  }

  void terminate() {
    process.destroy();
    awaitEnd();
  }

  /** Waits until the process is gone. */
  void awaitEnd() {
    try {
      if (!process.waitFor(30, TimeUnit.SECONDS)) {
        throw new AssertionError("the daemon does not end");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AssertionError(e);
    }
  }

  Map<String, String> clientEnvironment() {
    return Map.of("KAPAL_SOCKET", run().resolve("cli.sock").toString(), "KAPAL_NO_START", "1");
  }

  @Override
  public Result commandWithInput(String input, String... words) {
    return Commands.run(line(words), clientEnvironment(), input, LIMIT);
  }

  List<String> line(String... words) {
    List<String> line = new ArrayList<>();
    line.add(Installation.client().toString());
    line.addAll(List.of(words));
    return line;
  }

  String log() {
    try {
      return Files.readString(folder.resolve("daemon.log"));
    } catch (IOException e) {
      return "";
    }
  }

  @Override
  public void close() {
    try {
      if (!process.isAlive()) {
        launch();
      }
      command("system", "shutdown");
      awaitEnd();
    } finally {
      process.destroyForcibly();
      Commands.sh("rm -rf --one-file-system '" + folder + "'");
      // The cgroup that holds all of its containers' is the daemon's to keep, and the test's to
      // remove.
      Commands.sh("find /sys/fs/cgroup -depth -type d -path '*" + cgroup + "*' -exec rmdir {} \\;");
    }
  }
}

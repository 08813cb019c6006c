package dev.kapal.runtime.oci;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kapal.linux.Descriptors;
import dev.kapal.linux.Errno;
import dev.kapal.linux.ErrnoException;
import dev.kapal.linux.Fd;
import dev.kapal.linux.KernelFeatures;
import dev.kapal.linux.Linux;
import dev.kapal.linux.ProcessInfo;
import dev.kapal.oci.runtime.Mount;
import dev.kapal.oci.runtime.Namespace;
import dev.kapal.oci.runtime.NamespaceType;
import dev.kapal.oci.runtime.Process;
import dev.kapal.oci.runtime.RuntimeConfig;
import dev.kapal.runtime.Container;
import dev.kapal.runtime.ContainerSpec;
import dev.kapal.runtime.ExitStatus;
import dev.kapal.runtime.RootFilesystem;
import dev.kapal.runtime.Runtime;
import dev.kapal.runtime.Sandbox;
import dev.kapal.runtime.SandboxSpec;
import dev.kapal.runtime.Streams;
import dev.kapal.runtime.monitor.NativeRuntime;
import dev.kapal.runtime.shim.ShimRuntime;
import dev.kapal.runtime.shim.ShimRuntimeConfig;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;

/** A directory, a root file system of busybox and a cgroup, for runtimes of any kind. */
final class Bench implements AutoCloseable {
  private static final AtomicInteger COUNT = new AtomicInteger();
  private static final Path BUSYBOX = Path.of("/bin/busybox");

  final Linux linux = Linux.system();
  final Path directory;
  final Path rootfs;
  final String cgroups;
  private final List<Runtime> runtimes = new ArrayList<>();

  Bench() throws IOException {
    directory = Files.createTempDirectory("kapal-oci-");
    rootfs = Files.createDirectories(directory.resolve("rootfs"));
    for (String name : List.of("bin", "dev", "proc", "sys", "tmp", "etc", "root")) {
      Files.createDirectories(rootfs.resolve(name));
    }
    Files.copy(BUSYBOX, rootfs.resolve("bin/busybox"));
    for (String applet :
        List.of(
            "sh",
            "true",
            "cat",
            "echo",
            "id",
            "sleep",
            "hostname",
            "kill",
            "stty",
            "tty",
            "uname",
            "ls",
            "env",
            "touch",
            "dd",
            "head")) {
      Files.createSymbolicLink(rootfs.resolve("bin").resolve(applet), Path.of("busybox"));
    }
    Files.writeString(rootfs.resolve("etc/passwd"), "root:x:0:0::/root:/bin/sh\n");
    cgroups = "/kapal-oci-" + ProcessHandle.current().pid() + "-" + COUNT.incrementAndGet();
  }

  /** Why tests cannot run here. */
  static Optional<String> missing() {
    boolean root = "root".equals(System.getProperty("user.name"));
    return root && Files.exists(BUSYBOX)
        ? Optional.empty()
        : Optional.of("needs root and busybox-static");
  }

  static Optional<Path> find(String program) {
    return Stream.of("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin")
        .map(d -> Path.of(d, program))
        .filter(Files::isExecutable)
        .findFirst();
  }

  Runtime open(OciRuntimeConfig config) {
    Runtime runtime = OciRuntime.create(linux, config.withCgroupParent(cgroups));
    runtimes.add(runtime);
    return runtime;
  }

  Runtime open(ShimRuntimeConfig config) {
    Runtime runtime = ShimRuntime.create(linux, config.withCgroupParent(cgroups));
    runtimes.add(runtime);
    return runtime;
  }

  Runtime openNative() {
    Runtime runtime = NativeRuntime.create(linux, KernelFeatures.host(), cgroups);
    runtimes.add(runtime);
    return runtime;
  }

  String newId() {
    return "s" + COUNT.incrementAndGet();
  }

  Sandbox sandbox(Runtime runtime) {
    return sandbox(runtime, newId());
  }

  Sandbox sandbox(Runtime runtime, String id) {
    return runtime.createSandbox(SandboxSpec.of(id, directory.resolve(id)));
  }

  /** A container as Docker would make it, without limits and seccomp. */
  static RuntimeConfig sh(String script) {
    List<String> caps = List.of("CAP_CHOWN", "CAP_KILL", "CAP_SETUID", "CAP_SETGID");
    return RuntimeConfig.empty()
        .withOciVersion("1.0.2")
        .withHostname("box")
        .withProcess(
            Process.empty()
                .withArgs(List.of("/bin/sh", "-c", script))
                .withEnv(List.of("PATH=/bin", "HOME=/root", "TERM=xterm"))
                .withCwd("/")
                .withCapabilities(Process.Capabilities.of(caps))
                .withNoNewPrivileges(true))
        .withMounts(
            List.of(
                Mount.of("/proc", "proc", "proc", "nosuid", "noexec", "nodev"),
                Mount.of("/dev", "tmpfs", "tmpfs", "nosuid", "mode=755", "size=65536k"),
                Mount.of(
                    "/dev/pts",
                    "devpts",
                    "devpts",
                    "nosuid",
                    "noexec",
                    "newinstance",
                    "ptmxmode=0666",
                    "mode=0620")))
        .withLinux(
            dev.kapal.oci.runtime.Linux.empty()
                .withNamespaces(
                    Stream.of(
                            NamespaceType.PID,
                            NamespaceType.MOUNT,
                            NamespaceType.IPC,
                            NamespaceType.UTS,
                            NamespaceType.NETWORK)
                        .map(Namespace::create)
                        .toList()));
  }

  static RuntimeConfig with(RuntimeConfig config, UnaryOperator<Process> change) {
    return config.withProcess(change.apply(config.process().orElseThrow()));
  }

  ContainerSpec spec(RuntimeConfig config) throws IOException {
    String id = "c" + COUNT.incrementAndGet();
    return ContainerSpec.of(id, config, overlay(id), directory);
  }

  RootFilesystem overlay(String name) throws IOException {
    Path upper = Files.createDirectories(directory.resolve(name + "-upper"));
    Path work = Files.createDirectories(directory.resolve(name + "-work"));
    return new RootFilesystem.Overlay(List.of(rootfs), upper, work, List.of());
  }

  /** What a run printed, and how it ended. */
  record Output(String out, String err, ExitStatus exit) {}

  /** Runs a container in a sandbox of its own to its end. */
  Output run(Runtime runtime, ContainerSpec spec) throws Exception {
    return run(sandbox(runtime), spec);
  }

  /** Runs a container in a sandbox, which ends with it. */
  Output run(Sandbox made, ContainerSpec spec) throws Exception {
    try (Sandbox sandbox = made) {
      try {
        Container container = sandbox.createContainer(spec);
        try (Capture capture = new Capture()) {
          container.attach(capture.streams());
          container.start();
          return capture.output(container.awaitExit(Duration.ofSeconds(30)).orElseThrow());
        } finally {
          container.delete(true);
        }
      } finally {
        sandbox.quit();
      }
    }
  }

  /** Two pipes. */
  final class Capture implements AutoCloseable {
    final Descriptors.Pipe out = linux.descriptors().pipe(0);
    final Descriptors.Pipe err = linux.descriptors().pipe(0);

    Streams streams() {
      return Streams.outputs(out.writer(), err.writer());
    }

    Output output(ExitStatus exit) {
      out.writer().close();
      err.writer().close();
      return new Output(text(out.reader()), text(err.reader()), exit);
    }

    private String text(Fd reader) {
      return new String(linux.descriptors().readFully(reader, 1 << 20), StandardCharsets.UTF_8);
    }

    /** Reads until it has seen a text. */
    String until(String text) {
      byte[] buffer = new byte[4096];
      StringBuilder seen = new StringBuilder();
      linux.sockets().nonBlocking(out.reader(), true);
      long end = System.nanoTime() + 20_000_000_000L;
      while (seen.indexOf(text) < 0) {
        assertThat(System.nanoTime()).as("time: only %s came", seen).isLessThan(end);
        try {
          int got = linux.descriptors().read(out.reader(), buffer, 0, buffer.length);
          assertThat(got).as("output before its end: %s", seen).isPositive();
          seen.append(new String(buffer, 0, got, StandardCharsets.UTF_8));
        } catch (ErrnoException e) {
          assertThat(e.errno()).isEqualTo(Errno.EAGAIN);
          LockSupport.parkNanos(1_000_000);
        }
      }
      linux.sockets().nonBlocking(out.reader(), false);
      return seen.toString();
    }

    @Override
    public void close() {
      out.close();
      err.close();
    }
  }

  void write(Fd fd, String text) {
    linux.descriptors().writeFully(fd, text.getBytes(StandardCharsets.UTF_8));
  }

  /** Nothing of a test may be left: mounts, cgroups, processes, state. */
  void assertNothingLeft() throws Exception {
    assertThat(linux.mounts().mountInfo())
        .noneMatch(m -> m.mountPoint().startsWith(directory.toString()));
    for (int i = 0; i < 100 && !strays().isEmpty(); i++) {
      Thread.sleep(20);
    }
    assertThat(strays()).isEmpty();
    for (String top : linux.cgroups().open(cgroups).directories().values()) {
      if (Files.exists(Path.of(top))) {
        try (Stream<Path> below = Files.list(Path.of(top))) {
          assertThat(below.filter(Files::isDirectory)).as("cgroups").isEmpty();
        }
      }
    }
    try (Stream<Path> below = Files.list(directory)) {
      assertThat(below.filter(p -> Files.exists(p.resolve("state.json")))).as("state").isEmpty();
    }
  }

  private List<String> strays() {
    List<String> found = new ArrayList<>();
    for (ProcessInfo p : linux.processes().list()) {
      boolean ours = p.pid() != linux.processes().self() && p.state() != 'Z';
      if (ours
          && (String.join(" ", p.command()) + environment(p.pid())).contains(directory + "/")) {
        found.add(p.pid() + " " + p.command());
      }
    }
    return found;
  }

  private static String environment(int pid) {
    try {
      return Files.readString(Path.of("/proc/" + pid + "/environ"), StandardCharsets.ISO_8859_1);
    } catch (IOException _) {
      return "";
    }
  }

  @Override
  public void close() throws IOException {
    runtimes.forEach(Runtime::close);
    linux.cgroups().open(cgroups).delete(Duration.ofSeconds(10));
    try (Stream<Path> files = Files.walk(directory)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(file);
      }
    }
  }
}

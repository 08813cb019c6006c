package dev.kapal.runtime.monitor;

import dev.kapal.linux.Descriptors;
import dev.kapal.linux.Fd;
import dev.kapal.linux.KernelFeatures;
import dev.kapal.linux.Linux;
import dev.kapal.oci.runtime.Mount;
import dev.kapal.oci.runtime.Namespace;
import dev.kapal.oci.runtime.NamespaceType;
import dev.kapal.oci.runtime.Process;
import dev.kapal.oci.runtime.Resources;
import dev.kapal.oci.runtime.RuntimeConfig;
import dev.kapal.runtime.Container;
import dev.kapal.runtime.ContainerProcess;
import dev.kapal.runtime.ContainerSpec;
import dev.kapal.runtime.ExecSpec;
import dev.kapal.runtime.ExitStatus;
import dev.kapal.runtime.RootFilesystem;
import dev.kapal.runtime.Sandbox;
import dev.kapal.runtime.SandboxSpec;
import dev.kapal.runtime.Streams;
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
import java.util.function.UnaryOperator;
import java.util.stream.Stream;

/** A runtime, a root file system made of busybox, and what tests do with them. */
final class TestHost implements AutoCloseable {
  private static final AtomicInteger COUNT = new AtomicInteger();
  private static final List<String> APPLETS =
      List.of(
          "sh",
          "true",
          "false",
          "cat",
          "echo",
          "ls",
          "id",
          "sleep",
          "mount",
          "hostname",
          "stat",
          "grep",
          "mkdir",
          "touch",
          "dd",
          "env",
          "pwd",
          "kill",
          "ln",
          "readlink",
          "ulimit",
          "ps",
          "tty",
          "stty",
          "head",
          "tail",
          "wc",
          "chmod",
          "yes",
          "ip",
          "umask",
          "nproc",
          "mknod",
          "seq",
          "test",
          "rm",
          "mv",
          "unshare",
          "chroot",
          "umount",
          "date",
          "printf");

  final Linux linux = Linux.system();
  final Path directory;
  final Path rootfs;
  final NativeRuntime runtime;
  final String cgroups;

  TestHost() throws IOException {
    this(KernelFeatures.host());
  }

  TestHost(KernelFeatures features) throws IOException {
    directory = Files.createTempDirectory("kapal-runtime-");
    rootfs = Files.createDirectories(directory.resolve("rootfs"));
    for (String name : List.of("bin", "dev", "proc", "sys", "tmp", "etc", "root", "mnt")) {
      Files.createDirectories(rootfs.resolve(name));
    }
    Files.copy(Path.of("/bin/busybox"), rootfs.resolve("bin/busybox"));
    for (String applet : APPLETS) {
      Files.createSymbolicLink(rootfs.resolve("bin").resolve(applet), Path.of("busybox"));
    }
    Files.writeString(rootfs.resolve("etc/passwd"), "root:x:0:0::/root:/bin/sh\n");
    cgroups = "/kapal-test-" + ProcessHandle.current().pid() + "-" + COUNT.incrementAndGet();
    runtime = NativeRuntime.create(linux, features, cgroups);
  }

  static boolean isRoot() {
    return "root".equals(System.getProperty("user.name")) && Files.exists(Path.of("/bin/busybox"));
  }

  Sandbox sandbox() {
    String id = "s" + COUNT.incrementAndGet();
    return runtime.createSandbox(SandboxSpec.of(id, directory.resolve(id)));
  }

  /** A container as Docker would make it, without limits and seccomp. */
  static RuntimeConfig config(String... args) {
    List<String> caps =
        List.of(
            "CAP_CHOWN",
            "CAP_DAC_OVERRIDE",
            "CAP_SETUID",
            "CAP_SETGID",
            "CAP_KILL",
            "CAP_NET_BIND_SERVICE",
            "CAP_FOWNER",
            "CAP_SETPCAP");
    return RuntimeConfig.empty()
        .withHostname("box")
        .withProcess(
            Process.empty()
                .withArgs(List.of(args))
                .withEnv(List.of("PATH=/bin:/usr/bin", "HOME=/root"))
                .withCwd("/")
                .withCapabilities(Process.Capabilities.of(caps))
                .withNoNewPrivileges(true))
        .withMounts(
            List.of(
                Mount.of("/proc", "proc", "proc", "nosuid", "noexec", "nodev"),
                Mount.of(
                    "/dev", "tmpfs", "tmpfs", "nosuid", "strictatime", "mode=755", "size=65536k"),
                Mount.of(
                    "/dev/pts",
                    "devpts",
                    "devpts",
                    "nosuid",
                    "noexec",
                    "newinstance",
                    "ptmxmode=0666",
                    "mode=0620"),
                Mount.of("/sys", "sysfs", "sysfs", "nosuid", "noexec", "nodev", "ro"),
                Mount.of(
                    "/dev/shm",
                    "tmpfs",
                    "shm",
                    "nosuid",
                    "noexec",
                    "nodev",
                    "mode=1777",
                    "size=65536k"),
                Mount.of("/dev/mqueue", "mqueue", "mqueue", "nosuid", "noexec", "nodev")))
        .withLinux(
            dev.kapal.oci.runtime.Linux.empty()
                .withNamespaces(
                    Stream.of(
                            NamespaceType.PID,
                            NamespaceType.MOUNT,
                            NamespaceType.IPC,
                            NamespaceType.UTS,
                            NamespaceType.NETWORK,
                            NamespaceType.CGROUP)
                        .map(Namespace::create)
                        .toList())
                .withMaskedPaths(
                    List.of(
                        "/proc/kcore", "/proc/keys", "/proc/acpi", "/sys/firmware", "/proc/absent"))
                .withReadonlyPaths(List.of("/proc/bus", "/proc/sys", "/proc/sysrq-trigger")));
  }

  static RuntimeConfig sh(String script) {
    return config("sh", "-c", script);
  }

  static RuntimeConfig withProcess(RuntimeConfig config, UnaryOperator<Process> change) {
    return config.withProcess(change.apply(config.process().orElseThrow()));
  }

  static RuntimeConfig withLinux(
      RuntimeConfig config, UnaryOperator<dev.kapal.oci.runtime.Linux> change) {
    return config.withLinux(change.apply(config.linux().orElseThrow()));
  }

  static RuntimeConfig withMounts(RuntimeConfig config, Mount... more) {
    return config.withMounts(Stream.concat(config.mounts().stream(), Stream.of(more)).toList());
  }

  static RuntimeConfig withResources(RuntimeConfig config, UnaryOperator<Resources> change) {
    return withLinux(
        config, l -> l.withResources(change.apply(l.resources().orElse(Resources.empty()))));
  }

  RootFilesystem overlay(String name) throws IOException {
    Path upper = Files.createDirectories(directory.resolve(name + "-upper"));
    Path work = Files.createDirectories(directory.resolve(name + "-work"));
    return new RootFilesystem.Overlay(List.of(rootfs), upper, work, List.of());
  }

  ContainerSpec spec(RuntimeConfig config) throws IOException {
    String id = "c" + COUNT.incrementAndGet();
    return ContainerSpec.of(id, config, overlay(id), directory);
  }

  /** What a run printed, and how it ended. */
  record Output(String out, String err, ExitStatus exit) {
    String line() {
      return out.strip();
    }
  }

  /** Runs a container in a sandbox of its own to its end. */
  Output run(RuntimeConfig config) throws Exception {
    return run(spec(config));
  }

  Output run(ContainerSpec spec) throws Exception {
    try (Sandbox sandbox = sandbox()) {
      try {
        Container container = sandbox.createContainer(spec);
        try (Capture capture = new Capture(linux)) {
          container.attach(capture.streams());
          container.start();
          capture.closeWriters();
          ExitStatus exit = container.awaitExit(Duration.ofSeconds(30)).orElseThrow();
          return capture.output(exit);
        } finally {
          container.delete(true);
        }
      } finally {
        sandbox.quit();
      }
    }
  }

  /** Runs a process in a container to its end. */
  Output exec(Container container, Process process) throws Exception {
    try (Capture capture = new Capture(linux)) {
      ContainerProcess exec = container.exec(ExecSpec.of(process).withStreams(capture.streams()));
      capture.closeWriters();
      ExitStatus exit = exec.awaitExit(Duration.ofSeconds(30)).orElseThrow();
      exec.forget();
      return capture.output(exit);
    }
  }

  Output exec(Container container, String script) throws Exception {
    Process base = container.config().process().orElseThrow();
    return exec(container, base.withTerminal(false).withArgs(List.of("sh", "-c", script)));
  }

  /** Two pipes, read in the background. */
  static final class Capture implements AutoCloseable {
    private final Linux linux;
    private final Descriptors.Pipe out;
    private final Descriptors.Pipe err;

    Capture(Linux linux) {
      this.linux = linux;
      this.out = linux.descriptors().pipe(0);
      this.err = linux.descriptors().pipe(0);
    }

    Streams streams() {
      return Streams.outputs(out.writer(), err.writer());
    }

    void closeWriters() {
      out.writer().close();
      err.writer().close();
    }

    Output output(ExitStatus exit) {
      return new Output(text(out.reader()), text(err.reader()), exit);
    }

    private String text(Fd reader) {
      return new String(linux.descriptors().readFully(reader, 1 << 20), StandardCharsets.UTF_8);
    }

    @Override
    public void close() {
      out.close();
      err.close();
    }
  }

  @Override
  public void close() throws IOException {
    runtime.close();
    linux.cgroups().open(cgroups).delete(Duration.ofSeconds(10));
    try (Stream<Path> files = Files.walk(directory)) {
      List<Path> all = new ArrayList<>(files.sorted(Comparator.reverseOrder()).toList());
      for (Path file : all) {
        Files.deleteIfExists(file);
      }
    }
  }

  static Optional<String> missing() {
    return isRoot() ? Optional.empty() : Optional.of("needs root and busybox-static");
  }
}

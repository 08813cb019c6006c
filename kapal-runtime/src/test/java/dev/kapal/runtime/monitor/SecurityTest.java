package dev.kapal.runtime.monitor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kapal.linux.Errno;
import dev.kapal.linux.ErrnoException;
import dev.kapal.linux.Fcntl;
import dev.kapal.linux.Fd;
import dev.kapal.linux.KernelFeatures;
import dev.kapal.linux.MountFlags;
import dev.kapal.oci.runtime.IdMapping;
import dev.kapal.oci.runtime.Mount;
import dev.kapal.oci.runtime.Namespace;
import dev.kapal.oci.runtime.NamespaceType;
import dev.kapal.oci.runtime.Process;
import dev.kapal.oci.runtime.RuntimeConfig;
import dev.kapal.oci.runtime.Seccomp;
import dev.kapal.oci.runtime.SeccompAction;
import dev.kapal.runtime.ContainerException;
import dev.kapal.runtime.ContainerSpec;
import dev.kapal.runtime.ExecSpec;
import dev.kapal.runtime.RootFilesystem;
import dev.kapal.runtime.Sandbox;
import dev.kapal.runtime.seccomp.DefaultProfile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/** Attacks that other runtimes fell to. Each test names the CVE. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class SecurityTest {
  private TestHost host;

  KernelFeatures features() {
    return KernelFeatures.host();
  }

  @BeforeAll
  void start() throws Exception {
    Assumptions.assumeTrue(TestHost.isRoot(), "needs root and busybox-static");
    host = new TestHost(features());
  }

  @AfterAll
  void stop() throws Exception {
    if (host != null) {
      host.close();
    }
  }

  /** A container whose upper layer holds what the attacker put there. */
  private ContainerSpec spec(RuntimeConfig config, java.util.function.Consumer<Path> attack)
      throws Exception {
    ContainerSpec spec = host.spec(config);
    attack.accept(((RootFilesystem.Overlay) spec.root()).upper());
    return spec;
  }

  private static void link(Path link, String target) {
    try {
      Files.createDirectories(link.getParent());
      Files.createSymbolicLink(link, Path.of(target));
    } catch (java.io.IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  @Test
  void cve20195736TheMonitorsProgramCannotBeOverwritten() throws Exception {
    try (Sandbox sandbox = host.sandbox()) {
      Path exe = Path.of("/proc/" + sandbox.monitorPid().orElseThrow() + "/exe");
      assertThat(Files.readSymbolicLink(exe).toString()).contains("memfd:");
      // While it runs, any program is "text file busy"; afterwards only a seal helps.
      try (Fd program = host.linux.descriptors().open(exe.toString(), 0)) {
        sandbox.quit();
        assertThatThrownBy(
                () -> {
                  try (Fd writable = host.linux.descriptors().open(program.procPath(), 1)) {
                    host.linux.descriptors().writeFully(writable, new byte[] {0});
                  }
                })
            .isInstanceOfSatisfying(
                ErrnoException.class,
                e -> assertThat(e.is(Errno.EPERM)).as(e.getMessage()).isTrue());
      }
    }
  }

  @Test
  void cve201919921ProcAndSysMustBeDirectoriesOfTheirOwn() throws Exception {
    for (String name : List.of("proc", "sys")) {
      ContainerSpec spec =
          spec(
              TestHost.sh("true"),
              upper -> {
                link(upper.resolve("elsewhere"), "/tmp");
                link(upper.resolve(name), "/tmp");
              });
      assertThatThrownBy(() -> host.run(spec))
          .isInstanceOf(ContainerException.LaunchFailed.class)
          .hasMessageContaining("/" + name);
    }
    Path fake = Files.createDirectories(host.directory.resolve("fakeproc"));
    RuntimeConfig bound =
        TestHost.sh("true").withMounts(List.of(Mount.bind(fake.toString(), "/proc")));
    assertThatThrownBy(() -> host.run(bound))
        .isInstanceOf(ContainerException.LaunchFailed.class)
        .hasMessageContaining("another kind of file system");
  }

  @Test
  void cve202130465MountTargetsCannotLeadOutside() throws Exception {
    Path outside = Files.createDirectories(host.directory.resolve("outside"));
    Path volume = Files.createDirectories(host.directory.resolve("vol"));
    Files.writeString(volume.resolve("mine"), "x");
    for (String target :
        List.of(
            outside.toString(),
            "../../../../../../../../.." + outside,
            "/proc/self/root" + outside,
            "/proc/1/root" + outside)) {
      ContainerSpec spec =
          spec(
              TestHost.withMounts(TestHost.sh("true"), Mount.bind(volume.toString(), "/evil")),
              upper -> link(upper.resolve("evil"), target));
      try {
        host.run(spec);
      } catch (ContainerException.LaunchFailed e) {
        assertThat(e).hasMessageContaining("/evil");
      }
      try (Stream<Path> files = Files.list(outside)) {
        assertThat(files).isEmpty();
      }
      assertThat(Files.readString(Path.of("/proc/self/mountinfo")))
          .doesNotContain(outside.toString());
    }
  }

  @Test
  void cve202130465ATargetThatIsSwappedAllTheTimeLeadsNowhere() throws Exception {
    Path outside = Files.createDirectories(host.directory.resolve("race-outside"));
    Path volume = Files.createDirectories(host.directory.resolve("race-volume"));
    Files.createDirectories(volume.resolve("a"));
    // Both ways out that a link has: from the root, and up.
    link(volume.resolve("b"), "../../../../../../../.." + outside);
    AtomicBoolean end = new AtomicBoolean();
    Thread swapper =
        Thread.ofPlatform()
            .start(() -> {
              try (Fd directory = host.linux.descriptors().open(volume.toString(), 0)) {
                while (!end.get()) {
                  host.linux
                      .descriptors()
                      .renameat2(directory, "a", directory, "b", Fcntl.RENAME_EXCHANGE);
                }
              }
            });
    int mounted = 0;
    try {
      for (int i = 0; i < 100; i++) {
        RuntimeConfig config =
            TestHost.withMounts(
                TestHost.sh("echo x > /v/a/deep/file; true"),
                Mount.bind(volume.toString(), "/v"),
                Mount.of("/v/a/deep", "tmpfs", "tmpfs"));
        try {
          host.run(config);
          mounted++;
        } catch (ContainerException.LaunchFailed e) {
          assertThat(e).hasMessageContaining("/v/a/deep");
        }
        try (Stream<Path> files = Files.list(outside)) {
          assertThat(files).as("after " + i + " containers").isEmpty();
        }
      }
    } finally {
      end.set(true);
      swapper.join();
    }
    assertThat(mounted).as("containers that came up").isPositive();
  }

  @Test
  void cve202445310NothingIsMadeOutsideTheRoot() throws Exception {
    Path outside = Files.createDirectories(host.directory.resolve("made"));
    Path volume = Files.createDirectories(host.directory.resolve("vol2"));
    Files.writeString(volume.resolve("file"), "x");
    ContainerSpec spec =
        spec(
            TestHost.withMounts(
                TestHost.withProcess(TestHost.sh("true"), p -> p.withCwd("/link/cwd")),
                Mount.of("/link/a/b", "tmpfs", "tmpfs"),
                Mount.bind(volume.resolve("file").toString(), "/link/f/file")),
            upper -> link(upper.resolve("link"), outside.toString()));
    assertThat(host.run(spec).exit().code()).isZero();
    try (Stream<Path> files = Files.list(outside)) {
      assertThat(files).isEmpty();
    }
  }

  @Test
  void cve20220492ControlGroupsAreReadOnly() throws Exception {
    RuntimeConfig config =
        TestHost.withMounts(
            TestHost.sh(
                "cd /sys/fs/cgroup; for f in release_agent pids/cgroup.procs cgroup.procs memory/notify_on_release; do echo 1 > $f; done; cat /proc/self/cgroup"),
            Mount.of("/sys/fs/cgroup", "cgroup", "cgroup", "nosuid", "noexec", "nodev"));
    TestHost.Output output = host.run(config);
    // With cgroup v2 there are no directories of controllers.
    assertThat(output.err().lines())
        .hasSize(4)
        .allMatch(l ->
            l.contains("Read-only file system")
                || (l.contains("/") && l.contains("nonexistent directory")))
        .anyMatch(l -> l.contains(" cgroup.procs: Read-only file system"));
    assertThat(output.out().lines().filter(l -> l.contains(":pids:")))
        .allMatch(l -> l.endsWith(":/"));
  }

  @Test
  void cve202325809ControlGroupsAreReadOnlyInAUserNamespaceToo() throws Exception {
    assumeUserNamespaces();
    TestHost.Output output =
        host.run(
            mapped(
                TestHost.withMounts(
                    TestHost.sh(
                        "cd /sys/fs/cgroup; mkdir x pids/x unified/x; echo 1 > cgroup.procs; echo 1 > pids/cgroup.procs"),
                    Mount.of("/sys/fs/cgroup", "cgroup", "cgroup", "nosuid", "noexec", "nodev"))));
    assertThat(output.err().lines().filter(l -> !l.contains("No such file"))).hasSizeGreaterThan(1);
    assertThat(output.err().lines())
        .allMatch(l ->
            l.contains("Read-only file system")
                || l.contains("No such file")
                || l.contains("nonexistent directory"));
  }

  @Test
  void cve202229162WhatIsExecutedHasNoInheritableCapabilities() throws Exception {
    try (NativeRuntimeTest.Running running =
        new NativeRuntimeTest.Running(host, TestHost.sh("sleep 1000"))) {
      assertThat(host.exec(running.container, "grep CapInh /proc/self/status").line())
          .endsWith("0000000000000000");
    }
  }

  @Test
  void theHostsNullDeviceStaysRoots() throws Exception {
    // Standard streams are given to the process's user; where there is none they are /dev/null.
    Path device = Path.of("/dev/null");
    String before = owner(device) + " " + Files.getPosixFilePermissions(device);
    RuntimeConfig other =
        TestHost.withProcess(
            TestHost.sh("true"),
            p -> p.withUser(new Process.User(1000, 1000, Optional.empty(), List.of())));
    host.run(other);
    try (NativeRuntimeTest.Running running =
        new NativeRuntimeTest.Running(host, TestHost.sh("sleep 1000"))) {
      Process base = running.container.config().process().orElseThrow();
      Process asOther =
          base.withArgs(List.of("true"))
              .withUser(new Process.User(1000, 1000, Optional.empty(), List.of()));
      host.exec(running.container, asOther);
      var silent = running.container.exec(ExecSpec.of(asOther));
      assertThat(silent.awaitExit().code()).isZero();
      silent.forget();
    }
    assertThat(owner(device) + " " + Files.getPosixFilePermissions(device)).isEqualTo(before);
    assumeUserNamespaces();
    host.run(mapped(TestHost.sh("true")));
    try (NativeRuntimeTest.Running running =
        new NativeRuntimeTest.Running(host, mapped(TestHost.sh("sleep 1000")))) {
      host.exec(running.container, "true");
    }
    assertThat(owner(device) + " " + Files.getPosixFilePermissions(device)).isEqualTo(before);
  }

  private void assumeUserNamespaces() {
    Assumptions.assumeTrue(
        features().userNamespaces()
            && features().idmappedMounts()
            && features().release().isAtLeast(5, 19),
        "needs user namespaces and id-mapped layers of an overlay (Linux 5.19)");
  }

  @Test
  void cve202421626TheWorkingDirectoryIsInsideTheRoot() {
    for (int fd = 3; fd < 12; fd++) {
      String cwd = "/proc/self/fd/" + fd;
      assertThatThrownBy(
              () -> host.run(TestHost.withProcess(TestHost.config("pwd"), p -> p.withCwd(cwd))))
          .as(cwd)
          .isInstanceOf(ContainerException.LaunchFailed.class);
    }
  }

  @Test
  void cve202421626AlsoForExec() throws Exception {
    try (NativeRuntimeTest.Running running =
        new NativeRuntimeTest.Running(host, TestHost.sh("sleep 1000"))) {
      Process base = running.container.config().process().orElseThrow();
      for (int fd = 3; fd < 12; fd++) {
        String cwd = "/proc/self/fd/" + fd;
        assertThatThrownBy(
                () -> host.exec(running.container, base.withArgs(List.of("pwd")).withCwd(cwd)))
            .as(cwd)
            .isInstanceOf(ContainerException.LaunchFailed.class);
      }
    }
  }

  @Test
  void cve202531133MaskingUsesTheHostsNullDevice() throws Exception {
    ContainerSpec spec =
        spec(
            TestHost.withLinux(
                TestHost.sh("stat -c %t:%T /proc/keys /secret")
                    .withMounts(List.of(Mount.of("/proc", "proc", "proc"))),
                l -> l.withMaskedPaths(List.of("/proc/keys", "/secret"))),
            upper -> {
              link(upper.resolve("dev/null"), "/etc/passwd");
              try {
                Files.writeString(upper.resolve("secret"), "s");
              } catch (java.io.IOException e) {
                throw new java.io.UncheckedIOException(e);
              }
            });
    assertThat(host.run(spec).line()).isEqualTo("1:3\n1:3");
  }

  @Test
  void cve202552565TheConsoleIsNotMountedThroughALink() throws Exception {
    RuntimeConfig config =
        TestHost.withProcess(TestHost.config("true"), p -> p.withTerminal(true))
            .withMounts(
                List.of(Mount.of("/dev/pts", "devpts", "devpts", "newinstance", "ptmxmode=0666")));
    ContainerSpec spec = spec(config, upper -> link(upper.resolve("dev/console"), "/etc/passwd"));
    assertThatThrownBy(() -> host.run(spec))
        .isInstanceOf(ContainerException.LaunchFailed.class)
        .hasMessageContaining("/dev/console");
    ContainerSpec ptmx =
        spec(
            config.withMounts(
                List.of(
                    Mount.of("/dev/pts", "tmpfs", "tmpfs"),
                    Mount.of("/dev/x", "devpts", "devpts"))),
            _ -> {});
    assertThatThrownBy(() -> host.run(ptmx))
        .isInstanceOf(ContainerException.LaunchFailed.class)
        .hasMessageContaining("terminal");
  }

  @Test
  void cve202552881KernelParametersGoToTheHostsProcfs() throws Exception {
    String inHost = Files.readString(Path.of("/proc/sys/net/ipv4/ip_forward"));
    // A procfs whose files others lie upon, as a container can make one in a volume it shares.
    Path proc = Files.createDirectories(host.directory.resolve("covered"));
    Path decoy = Files.writeString(host.directory.resolve("decoy"), "");
    host.linux.mounts().mount("proc", proc.toString(), "proc", 0, "");
    try {
      host.linux
          .mounts()
          .mount(
              decoy.toString(),
              proc.resolve("sys/net/ipv4/ip_forward").toString(),
              "",
              MountFlags.MS_BIND,
              "");
      RuntimeConfig config =
          TestHost.withLinux(
              TestHost.sh(
                  "cat /proc/sys/net/ipv4/ip_forward; umount /proc/sys/net/ipv4/ip_forward"),
              l ->
                  l.withSysctl(
                      java.util.Map.of(
                          "net.ipv4.ip_forward", "1", "net.ipv4.tcp_syncookies", "2")));
      TestHost.Output output =
          host.run(
              config.withMounts(
                  Stream.concat(
                          Stream.of(Mount.bind(proc.toString(), "/proc", "rbind")),
                          config.mounts().stream().filter(m -> !m.destination().equals("/proc")))
                      .toList()));
      assertThat(output.exit().code()).isNotEqualTo(125);
      assertThat(Files.readString(decoy)).as("what covers the parameter").isEmpty();
      assertThat(Files.readString(Path.of("/proc/sys/net/ipv4/ip_forward"))).isEqualTo(inHost);
    } finally {
      host.linux.mounts().umount(proc.toString(), MountFlags.MNT_DETACH);
    }
    RuntimeConfig plain =
        TestHost.withLinux(
            TestHost.sh("cat /proc/sys/net/ipv4/ip_forward"),
            l -> l.withSysctl(java.util.Map.of("net.ipv4.ip_forward", "1")));
    assertThat(host.run(plain).line()).isEqualTo("1");
  }

  @Test
  void seccompAnswersAndKills() throws Exception {
    Seccomp profile = DefaultProfile.filter(List.of());
    for (boolean noNewPrivileges : new boolean[] {true, false}) {
      RuntimeConfig config =
          TestHost.withLinux(
              TestHost.withProcess(
                  TestHost.sh(
                      "grep Seccomp: /proc/self/status; unshare -n true; mount -t tmpfs x /tmp; grep CapEff /proc/self/status"),
                  p ->
                      p.withNoNewPrivileges(noNewPrivileges)
                          .withUser(new Process.User(5, 5, Optional.empty(), List.of()))),
              l -> l.withSeccomp(profile));
      TestHost.Output output = host.run(config);
      assertThat(output.out().replace("\t", " "))
          .isEqualTo("Seccomp: 2\nCapEff: 0000000000000000\n");
      assertThat(output.err()).contains("unshare").contains("mount");
    }
    Seccomp kill =
        Seccomp.empty()
            .withDefaultAction(SeccompAction.ALLOW)
            .withSyscalls(
                List.of(
                    new Seccomp.Rule(
                        List.of("mkdir", "mkdirat"),
                        SeccompAction.KILL_PROCESS,
                        Optional.empty(),
                        List.of()),
                    new Seccomp.Rule(
                        List.of("symlink", "symlinkat"),
                        SeccompAction.ERRNO,
                        Optional.of(95),
                        List.of())));
    TestHost.Output output =
        host.run(
            TestHost.withLinux(
                TestHost.sh("ln -s a /tmp/b; mkdir /tmp/x; echo $?"), l -> l.withSeccomp(kill)));
    assertThat(output.err()).contains("not supported");
    assertThat(output.line()).isEqualTo("159");
  }

  private static RuntimeConfig mapped(RuntimeConfig config) {
    return TestHost.withLinux(
        config,
        l ->
            l.withNamespaces(
                    Stream.concat(
                            l.namespaces().stream(),
                            Stream.of(Namespace.create(NamespaceType.USER)))
                        .toList())
                .withUidMappings(List.of(new IdMapping(0, 100_000, 65536)))
                .withGidMappings(List.of(new IdMapping(0, 200_000, 65536))));
  }

  @Test
  void userNamespaces() throws Exception {
    assumeUserNamespaces();
    Path volume = Files.createDirectories(host.directory.resolve("uservol"));
    host.linux.descriptors().fchownat(Fd.CWD, volume.toString(), 100_007, 200_007);
    RuntimeConfig config =
        mapped(
            TestHost.withMounts(
                TestHost.sh(
                    "id -u; cat /proc/self/uid_map /proc/self/gid_map; stat -c '%u %g' /v; echo x > /dev/null && stat -c %t:%T /dev/null; hostname; stat -c %t:%T /proc/keys; touch /v/a"),
                Mount.bind(volume.toString(), "/v", "ro")));
    TestHost.Output output = host.run(config);
    assertThat(output.out().replaceAll(" +", " "))
        .isEqualTo("0\n 0 100000 65536\n 0 200000 65536\n7 7\n1:3\nbox\n1:3\n");
    assertThat(output.err()).contains("Read-only");
    try (NativeRuntimeTest.Running running =
        new NativeRuntimeTest.Running(host, mapped(TestHost.sh("sleep 1000")))) {
      assertThat(host.linux.processes().status(running.container.pid(), "Uid").orElseThrow())
          .startsWith("100000");
      assertThat(host.exec(running.container, "id -u; cat /proc/self/uid_map | wc -l").out())
          .isEqualTo("0\n1\n");
      Process base = running.container.config().process().orElseThrow();
      assertThat(
              host.exec(
                      running.container,
                      base.withArgs(List.of("id", "-u"))
                          .withUser(new Process.User(9, 9, Optional.empty(), List.of())))
                  .line())
          .isEqualTo("9");
    }
  }

  @Test
  void layersOfUserNamespacesKeepTheirOwnersOnDisk() throws Exception {
    assumeUserNamespaces();
    Path data = Files.createDirectories(host.rootfs.resolve("data"));
    Files.writeString(data.resolve("removed"), "x");
    Files.writeString(data.resolve("changed"), "x");
    host.linux.descriptors().fchownat(Fd.CWD, data.resolve("changed").toString(), 7, 8);
    ContainerSpec spec =
        host.spec(
            mapped(
                TestHost.sh(
                    "stat -c '%u %g' / /bin/busybox /data/changed; rm /data/removed; echo y >> /data/changed; echo n > /data/new; mkdir /data/dir; ls /data; stat -c '%u %g' /data/changed /data/new; mv /data /moved && ls /moved")));
    TestHost.Output output = host.run(spec);
    assertThat(output.out())
        .as(output.err())
        .isEqualTo("0 0\n0 0\n7 8\nchanged\ndir\nnew\n7 8\n0 0\nchanged\ndir\nnew\n");
    Path upper = ((RootFilesystem.Overlay) spec.root()).upper();
    assertThat(owner(upper)).isEqualTo("0:0");
    assertThat(owner(upper.resolve("moved/new"))).isEqualTo("0:0");
    assertThat(owner(upper.resolve("moved/changed"))).isEqualTo("7:8");
    assertThat(owner(host.rootfs.resolve("bin/busybox"))).isEqualTo("0:0");
  }

  private static String owner(Path file) throws Exception {
    return Files.getAttribute(file, "unix:uid") + ":" + Files.getAttribute(file, "unix:gid");
  }

  @Test
  void idMappedMounts() throws Exception {
    Assumptions.assumeTrue(features().idmappedMounts(), "needs id-mapped mounts (Linux 5.12)");
    Path volume = Files.createDirectories(host.directory.resolve("idvol"));
    host.linux.descriptors().fchownat(Fd.CWD, volume.toString(), 7, 8);
    Mount mount =
        new Mount(
            "/v",
            "bind",
            volume.toString(),
            List.of("bind", "idmap"),
            List.of(new IdMapping(0, 3000, 100)),
            List.of(new IdMapping(0, 4000, 100)));
    assertThat(host.run(TestHost.withMounts(TestHost.sh("stat -c '%u %g' /v"), mount)).line())
        .isEqualTo("3007 4008");
  }
}

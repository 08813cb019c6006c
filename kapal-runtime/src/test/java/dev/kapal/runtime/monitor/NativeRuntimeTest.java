package dev.kapal.runtime.monitor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kapal.linux.Fd;
import dev.kapal.linux.KernelFeatures;
import dev.kapal.oci.runtime.Device;
import dev.kapal.oci.runtime.Hook;
import dev.kapal.oci.runtime.Hooks;
import dev.kapal.oci.runtime.Mount;
import dev.kapal.oci.runtime.Namespace;
import dev.kapal.oci.runtime.NamespaceType;
import dev.kapal.oci.runtime.Process;
import dev.kapal.oci.runtime.Resources;
import dev.kapal.oci.runtime.Root;
import dev.kapal.oci.runtime.RuntimeConfig;
import dev.kapal.oci.runtime.TimeOffset;
import dev.kapal.runtime.Container;
import dev.kapal.runtime.ContainerException;
import dev.kapal.runtime.ContainerProcess;
import dev.kapal.runtime.ContainerSpec;
import dev.kapal.runtime.ExecSpec;
import dev.kapal.runtime.Input;
import dev.kapal.runtime.LogTarget;
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
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/** Containers on this kernel. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class NativeRuntimeTest {
  TestHost host;

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

  private String line(RuntimeConfig config) throws Exception {
    TestHost.Output output = host.run(config);
    assertThat(output.err()).isEmpty();
    return output.line();
  }

  @Test
  void runsAProgram() throws Exception {
    TestHost.Output output = host.run(TestHost.sh("echo hello; hostname; echo $$; exit 3"));
    assertThat(output.out()).isEqualTo("hello\nbox\n1\n");
    assertThat(output.exit().code()).isEqualTo(3);
    assertThat(output.exit().oomKilled()).isFalse();
  }

  @Test
  void reportsSignals() throws Exception {
    TestHost.Output output = host.run(TestHost.sh("sleep 100 & kill -9 $!; wait $!; exit $?"));
    assertThat(output.exit().code()).isEqualTo(137);
  }

  @Test
  void hasDevicesLinksAndStandardMounts() throws Exception {
    String out =
        line(
            TestHost.sh(
                "for d in null zero full random urandom tty; do stat -c '%n %F %t:%T %a' /dev/$d; done;"
                    + " readlink /dev/fd; readlink /dev/ptmx; echo x > /dev/null; ip link show lo | grep -c UP"));
    assertThat(out)
        .isEqualTo(
            """
            /dev/null character special file 1:3 666
            /dev/zero character special file 1:5 666
            /dev/full character special file 1:7 666
            /dev/random character special file 1:8 666
            /dev/urandom character special file 1:9 666
            /dev/tty character special file 5:0 666
            /proc/self/fd
            pts/ptmx
            1\
            """
                .strip());
  }

  @Test
  void seesNothingOfTheHostsMounts() throws Exception {
    String mounts = line(TestHost.sh("cat /proc/self/mounts"));
    assertThat(mounts.lines().map(l -> l.split(" ")[1]))
        .containsExactlyInAnyOrder(
            Stream.concat(
                    Stream.of("/", "/dev", "/dev/pts", "/sys", "/proc", "/dev/shm", "/dev/mqueue"),
                    Stream.of(
                            "/proc/bus",
                            "/proc/sys",
                            "/proc/sysrq-trigger",
                            "/proc/kcore",
                            "/proc/keys",
                            "/proc/acpi",
                            "/sys/firmware")
                        .filter(path -> Files.exists(Path.of(path))))
                .toArray(String[]::new));
    assertThat(Files.readString(Path.of("/proc/self/mounts")))
        .doesNotContain(host.directory.toString());
  }

  @Test
  void masksAndProtectsPaths() throws Exception {
    TestHost.Output output =
        host.run(
            TestHost.sh(
                "stat -c '%t:%T' /proc/keys; cat /proc/keys | wc -c; ls /proc/acpi | wc -l; ls /sys/firmware | wc -l;"
                    + " echo 1 > /proc/sys/kernel/panic; touch /proc/acpi/x"));
    assertThat(output.out()).isEqualTo("1:3\n0\n0\n0\n");
    assertThat(output.err().lines().filter(l -> l.contains("Read-only file system"))).hasSize(2);
  }

  @Test
  void hasExactlyTheCapabilitiesAsked() throws Exception {
    RuntimeConfig config =
        TestHost.withProcess(
            TestHost.config(
                "grep", "-E", "Cap|NoNewPrivs|Seccomp:|Groups|Uid", "/proc/self/status"),
            p ->
                p.withCapabilities(
                        new Process.Capabilities(
                            List.of("CAP_CHOWN", "CAP_NET_RAW", "CAP_KILL"),
                            List.of("CAP_CHOWN"),
                            List.of("CAP_KILL"),
                            List.of("CAP_CHOWN", "CAP_KILL"),
                            List.of("CAP_KILL")))
                    .withUser(new Process.User(1000, 1001, Optional.empty(), List.of(5L, 7L))));
    String out = line(config).replaceAll("[ \\t]+", " ");
    assertThat(out)
        .contains(
            "CapInh: 0000000000000020",
            "CapPrm: 0000000000000020",
            "CapEff: 0000000000000020",
            "CapBnd: 0000000000002021",
            "CapAmb: 0000000000000020",
            "NoNewPrivs: 1",
            "Groups: 5 7",
            "Uid: 1000 1000 1000 1000");
  }

  @Test
  void inheritableIsEmptyByDefault() throws Exception {
    assertThat(line(TestHost.config("grep", "CapInh", "/proc/self/status")))
        .endsWith("0000000000000000");
  }

  @Test
  void supplementaryGroupsAreDroppedAndLargeIdsKept() throws Exception {
    RuntimeConfig config =
        TestHost.withProcess(
            TestHost.sh("id -u; id -g; id -G"),
            p ->
                p.withUser(
                    new Process.User(4294967294L, 2147483649L, Optional.of(077), List.of())));
    assertThat(line(config)).isEqualTo("4294967294\n2147483649\n2147483649");
    assertThatThrownBy(() ->
            host.run(
                TestHost.withProcess(
                    TestHost.sh("id"),
                    p ->
                        p.withUser(new Process.User(4294967296L, 0, Optional.empty(), List.of())))))
        .isInstanceOf(ContainerException.Invalid.class)
        .hasMessageContaining("process.user.uid");
  }

  @Test
  void umaskCwdEnvironmentAndLimits() throws Exception {
    RuntimeConfig config =
        TestHost.withProcess(
            TestHost.sh(
                "umask; pwd; echo $A; ulimit -n; cat /proc/self/oom_score_adj; ls -d /work/deep"),
            p ->
                p.withUser(new Process.User(0, 0, Optional.of(027), List.of()))
                    .withCwd("/work/deep")
                    .withEnv(List.of("PATH=/bin", "A=b c"))
                    .withOomScoreAdj(321)
                    .withRlimits(List.of(new Process.Rlimit("RLIMIT_NOFILE", 99, 100))));
    assertThat(line(config)).isEqualTo("0027\n/work/deep\nb c\n99\n321\n/work/deep");
  }

  @Test
  void userMayBeInADirectoryThatOnlyRootMayEnter() throws Exception {
    Path root = Files.createDirectories(host.rootfs.resolve("secret"));
    host.linux.descriptors().fchmodat(Fd.CWD, root.toString(), 0700);
    RuntimeConfig config =
        TestHost.withProcess(
            TestHost.config("sh", "-c", "pwd"),
            p ->
                p.withCwd("/secret")
                    .withUser(new Process.User(1000, 1000, Optional.empty(), List.of())));
    assertThat(host.run(config).exit().code()).isZero();
  }

  @Test
  void readOnlyRoot() throws Exception {
    TestHost.Output output =
        host.run(
            TestHost.sh("touch /x; touch /dev/shm/y && echo shm")
                .withRoot(new Root("rootfs", true)));
    assertThat(output.err()).contains("Read-only file system");
    assertThat(output.line()).isEqualTo("shm");
  }

  @Test
  void bindMountsWithOptions() throws Exception {
    Path volume = Files.createDirectories(host.directory.resolve("volume"));
    Files.writeString(volume.resolve("file"), "content");
    RuntimeConfig config =
        TestHost.withMounts(
            TestHost.sh(
                "cat /v/file /f; touch /w/new; touch /v/no; touch /f; grep ' /v ' /proc/self/mounts | grep -c 'ro,nosuid,nodev,noexec'"),
            Mount.bind(volume.toString(), "/v", "ro", "nosuid", "nodev", "noexec"),
            Mount.bind(volume.toString(), "/w"),
            Mount.bind(volume.resolve("file").toString(), "/f", "ro"));
    TestHost.Output output = host.run(config);
    assertThat(output.out()).isEqualTo("contentcontent1\n");
    assertThat(output.err().lines().filter(l -> l.contains("Read-only file system"))).hasSize(2);
    assertThat(volume.resolve("new")).exists();
    assertThatThrownBy(() ->
            host.run(TestHost.withMounts(TestHost.sh("true"), Mount.bind("/does/not/exist", "/v"))))
        .isInstanceOf(ContainerException.Invalid.class)
        .hasMessageContaining("/does/not/exist");
  }

  @Test
  void tmpfsStartsWithWhatItCovers() throws Exception {
    RuntimeConfig config =
        TestHost.withMounts(
            TestHost.sh(
                "cat /etc/passwd | wc -l; touch /etc/new; grep -c ' /etc tmpfs' /proc/self/mounts"),
            Mount.of("/etc", "tmpfs", "tmpfs", "tmpcopyup", "size=1m"));
    assertThat(line(config)).isEqualTo("1\n1");
  }

  @Test
  void directoryAsRoot() throws Exception {
    ContainerSpec base = host.spec(TestHost.sh("cat /etc/passwd | wc -l"));
    ContainerSpec spec =
        ContainerSpec.of(
            base.id(), base.config(), new RootFilesystem.Directory(host.rootfs), base.bundle());
    assertThat(host.run(spec).line()).isEqualTo("1");
  }

  @Test
  void rootCanBeMovedInsteadOfPivoted() throws Exception {
    TestHost.Output output =
        host.run(host.spec(TestHost.sh("ls /; ls /proc/1/exe")).withNoPivot(true));
    assertThat(output.out()).contains("bin\n").doesNotContain("usr");
    assertThat(output.exit().code()).isZero();
  }

  @Test
  void veryManyLayers() throws Exception {
    List<Path> lower = new ArrayList<>();
    Path layers =
        Files.createDirectories(
            host.directory.resolve("layers").resolve("a-long-name-".repeat(12)));
    for (int i = 0; i < (features().overlay().lowerdirAppend() ? 300 : 100); i++) {
      lower.add(Files.createDirectories(layers.resolve("layer-" + (1000000000 + i))));
    }
    lower.add(Files.createSymbolicLink(layers.resolve("root"), host.rootfs));
    ContainerSpec base = host.spec(TestHost.sh("echo deep"));
    RootFilesystem.Overlay overlay = (RootFilesystem.Overlay) base.root();
    ContainerSpec spec =
        ContainerSpec.of(
            base.id(),
            base.config(),
            new RootFilesystem.Overlay(lower, overlay.upper(), overlay.work(), List.of()),
            base.bundle());
    assertThat(host.run(spec).line()).isEqualTo("deep");
  }

  @Test
  void kernelParametersOfItsNamespacesOnly() throws Exception {
    RuntimeConfig config =
        TestHost.withLinux(
            TestHost.sh("cat /proc/sys/net/ipv4/ip_forward /proc/sys/kernel/shm_rmid_forced"),
            l -> l.withSysctl(Map.of("net.ipv4.ip_forward", "1", "kernel.shm_rmid_forced", "1")));
    assertThat(line(config)).isEqualTo("1\n1");
    for (String name :
        List.of(
            "kernel.panic",
            "vm.swappiness",
            "kernel.core_pattern",
            "kernel/core_pattern",
            "net/../kernel/core_pattern")) {
      assertThatThrownBy(() ->
              host.run(
                  TestHost.withLinux(TestHost.sh("true"), l -> l.withSysctl(Map.of(name, "1")))))
          .isInstanceOf(ContainerException.Invalid.class);
    }
    assertThatThrownBy(() ->
            host.run(
                TestHost.withLinux(
                    TestHost.sh("true"),
                    l ->
                        l.withSysctl(Map.of("net.ipv4.ip_forward", "1"))
                            .withNamespaces(
                                l.namespaces().stream()
                                    .filter(n -> n.type() != NamespaceType.NETWORK)
                                    .toList()))))
        .isInstanceOf(ContainerException.Invalid.class)
        .hasMessageContaining("net namespace");
  }

  @Test
  void customDevices() throws Exception {
    RuntimeConfig config =
        TestHost.withLinux(
            TestHost.sh("stat -c '%F %t:%T %a %u' /dev/net/tun /dev/loop9 /dev/pipe"),
            l ->
                l.withDevices(
                    List.of(
                        new Device("c", "/dev/net/tun", 10, 200, Optional.of(0620), 5, 0),
                        new Device("b", "/dev/loop9", 7, 9, Optional.empty(), 0, 0),
                        new Device("p", "/dev/pipe", 0, 0, Optional.of(0600), 0, 0))));
    assertThat(line(config))
        .isEqualTo(
            "character special file a:c8 620 5\nblock special file 7:9 666 0\nfifo 0:0 600 0");
  }

  @Test
  void errorsSayWhat() {
    assertThatThrownBy(() -> host.run(TestHost.config("no-such-program")))
        .isInstanceOfSatisfying(
            ContainerException.LaunchFailed.class,
            e -> assertThat(e.kind()).isEqualTo(ContainerException.LaunchFailed.Kind.NOT_FOUND))
        .hasMessageContaining("execute no-such-program");
    assertThatThrownBy(() -> host.run(TestHost.config("/etc/passwd")))
        .isInstanceOfSatisfying(
            ContainerException.LaunchFailed.class,
            e ->
                assertThat(e.kind()).isEqualTo(ContainerException.LaunchFailed.Kind.NOT_EXECUTABLE))
        .hasMessageContaining("EACCES");
    assertThatThrownBy(() ->
            host.run(TestHost.withMounts(TestHost.sh("true"), Mount.of("/x", "nosuchfs", "none"))))
        .hasMessageContaining("mount a nosuchfs file system on /x")
        .hasMessageContaining("ENODEV");
    assertThatThrownBy(() ->
            host.run(TestHost.withProcess(TestHost.sh("true"), p -> p.withApparmorProfile("x"))))
        .satisfies(e ->
            assertThat(e.getMessage())
                .contains(
                    KernelFeatures.host().appArmor()
                        ? "no profile of this name is loaded"
                        : "this host has no AppArmor"));
  }

  @Test
  void execJoinsTheContainer() throws Exception {
    try (Running running = new Running(host, TestHost.sh("touch /made; sleep 1000"))) {
      Container c = running.container;
      assertThat(
              host.exec(
                      c,
                      "until [ -e /made ]; do sleep 0.02; done; hostname; echo /made*; readlink /proc/self/ns/pid; cat /proc/1/cmdline | tail -c 5; id -u")
                  .out())
          .startsWith(
              "box\n/made\n"
                  + Files.readSymbolicLink(Path.of("/proc/" + c.pid() + "/ns/pid"))
                  + "\n");
      Process base = c.config().process().orElseThrow();
      Process user =
          base.withArgs(
                  List.of("sh", "-c", "id -u; id -G; grep CapEff /proc/self/status; pwd; exit 9"))
              .withUser(new Process.User(33, 34, Optional.empty(), List.of(35L)))
              .withCwd("/tmp");
      TestHost.Output output = host.exec(c, user);
      assertThat(output.out().replace("\t", " "))
          .isEqualTo("33\n34 35\nCapEff: 0000000000000000\n/tmp\n");
      assertThat(output.exit().code()).isEqualTo(9);
      assertThatThrownBy(() -> host.exec(c, base.withArgs(List.of("nope"))))
          .isInstanceOfSatisfying(
              ContainerException.LaunchFailed.class,
              e -> assertThat(e.kind()).isEqualTo(ContainerException.LaunchFailed.Kind.NOT_FOUND));
      assertThat(c.processes()).isEmpty();
      assertThatThrownBy(() -> c.exec(ExecSpec.of(base.withCwd("relative"))))
          .isInstanceOf(ContainerException.Invalid.class);
    }
  }

  /** Waits for what comes soon on a quick machine. */
  private static void until(String what, BooleanSupplier is) throws InterruptedException {
    long end = System.nanoTime() + Duration.ofSeconds(60).toNanos();
    while (!is.getAsBoolean()) {
      assertThat(System.nanoTime()).as("%s within a minute", what).isLessThan(end);
      Thread.sleep(10);
    }
  }

  @Test
  void pausesAndResumes() throws Exception {
    try (Running running =
        new Running(host, TestHost.sh("i=0; while true; do i=$((i+1)); echo $i > /count; done"))) {
      Container c = running.container;
      Thread.sleep(50);
      c.pause();
      assertThat(c.state()).isEqualTo(Container.State.PAUSED);
      long before = c.stats().cpu().usage();
      Thread.sleep(100);
      assertThat(c.stats().cpu().usage()).isEqualTo(before);
      assertThatThrownBy(() -> host.exec(c, "true"))
          .isInstanceOf(ContainerException.WrongState.class);
      c.resume();
      assertThat(c.state()).isEqualTo(Container.State.RUNNING);
      until("it goes on", () -> c.stats().cpu().usage() > before);
      c.pause();
    }
  }

  @Test
  void pidsLimitBites() throws Exception {
    RuntimeConfig config =
        TestHost.withResources(
            TestHost.sh("for i in 1 2 3 4 5 6 7 8; do sleep 1 & done; echo done"),
            r -> r.withPids(new Resources.Pids(5)));
    assertThat(host.run(config).err()).contains("can't fork");
  }

  @Test
  void memoryLimitKillsAndIsRecorded() throws Exception {
    RuntimeConfig config =
        TestHost.withResources(
            TestHost.config("dd", "if=/dev/zero", "of=/dev/null", "bs=200M", "count=1"),
            r -> r.withMemory(Resources.Memory.empty().withLimit(20L << 20).withSwap(20L << 20)));
    TestHost.Output output = host.run(config);
    assertThat(output.exit().code()).isEqualTo(137);
    assertThat(output.exit().oomKilled()).isTrue();
  }

  @Test
  void cpuQuotaBites() throws Exception {
    RuntimeConfig config =
        TestHost.withResources(
            TestHost.sh("while true; do :; done"),
            r -> r.withCpu(Resources.Cpu.empty().withQuota(10_000L).withPeriod(100_000L)));
    try (Running running = new Running(host, config)) {
      Thread.sleep(200);
      long start = System.nanoTime();
      long before = running.container.stats().cpu().usage();
      Thread.sleep(1000);
      long used = running.container.stats().cpu().usage() - before;
      assertThat(used).isPositive().isLessThan((System.nanoTime() - start) / 3);
      assertThat(running.container.stats().pids()).isEqualTo(1);
      running.container.update(Resources.empty().withPids(new Resources.Pids(77)));
      assertThat(running.container.stats().pidsLimit()).isEqualTo(77);
      assertThat(running.container.config().linux().orElseThrow().resources().orElseThrow().cpu())
          .isPresent();
    }
  }

  @Test
  void deviceRulesBite() throws Exception {
    RuntimeConfig config =
        TestHost.withResources(
            TestHost.withLinux(
                TestHost.sh("head -c 1 /dev/zero | wc -c; head -c 1 /dev/vda1"),
                l ->
                    l.withDevices(
                        List.of(new Device("b", "/dev/vda1", 254, 0, Optional.empty(), 0, 0)))),
            r ->
                r.withDevices(
                    List.of(
                        new Resources.DeviceRule(
                            false, "a", Optional.empty(), Optional.empty(), "rwm"))));
    TestHost.Output output = host.run(config);
    assertThat(output.line()).isEqualTo("1");
    assertThat(output.err()).contains("Operation not permitted");
  }

  @Test
  void terminal() throws Exception {
    RuntimeConfig config =
        TestHost.withProcess(
            TestHost.sh(
                "tty; stty size; touch /seen; until stty size | grep '^11 '; do sleep 0.02; done"),
            p -> p.withTerminal(true).withConsoleSize(new Process.Box(33, 101)));
    try (Sandbox sandbox = host.sandbox()) {
      Container c = sandbox.createContainer(host.spec(config).withInput(Input.ONCE));
      try (TestHost.Capture capture = new TestHost.Capture(host.linux)) {
        c.attach(new Streams(Optional.empty(), capture.streams().output(), Optional.empty()));
        c.start();
        Path seen = Path.of("/proc/" + c.pid() + "/root/seen");
        until("the first size is told", () -> Files.exists(seen));
        c.resize(11, 22);
        capture.closeWriters();
        var exit = c.awaitExit(Duration.ofSeconds(60)).orElseThrow();
        assertThat(capture.output(exit).out()).isEqualTo("/dev/pts/0\r\n33 101\r\n11 22\r\n");
      }
      c.delete(false);
      sandbox.quit();
    }
  }

  @Test
  void execWithTerminal() throws Exception {
    try (Running running = new Running(host, TestHost.sh("sleep 1000"));
        TestHost.Capture capture = new TestHost.Capture(host.linux)) {
      Process base = running.container.config().process().orElseThrow();
      ContainerProcess exec =
          running.container.exec(
              ExecSpec.of(
                      base.withTerminal(true)
                          .withArgs(List.of("sh", "-c", "tty; stty size"))
                          .withConsoleSize(new Process.Box(5, 6)))
                  .withStreams(
                      new Streams(Optional.empty(), capture.streams().output(), Optional.empty())));
      capture.closeWriters();
      var exit = exec.awaitExit(Duration.ofSeconds(60)).orElseThrow();
      assertThat(capture.output(exit).out()).isEqualTo("/dev/pts/0\r\n5 6\r\n");
      exec.forget();
    }
  }

  @Test
  void inputReachesTheProcess() throws Exception {
    try (Sandbox sandbox = host.sandbox();
        var pipe = host.linux.descriptors().pipe(0);
        TestHost.Capture capture = new TestHost.Capture(host.linux)) {
      Container c =
          sandbox.createContainer(host.spec(TestHost.config("cat")).withInput(Input.ONCE));
      c.attach(
          Streams.all(
              pipe.reader(),
              capture.streams().output().orElseThrow(),
              capture.streams().error().orElseThrow()));
      c.start();
      host.linux
          .descriptors()
          .writeFully(pipe.writer(), "through".getBytes(StandardCharsets.UTF_8));
      pipe.writer().close();
      capture.closeWriters();
      var exit = c.awaitExit(Duration.ofSeconds(60)).orElseThrow();
      assertThat(capture.output(exit).out()).isEqualTo("through");
      c.delete(false);
      sandbox.quit();
    }
  }

  @Test
  void logsAndPassedDescriptors() throws Exception {
    Path log = host.directory.resolve("container.log");
    Path given = Files.writeString(host.directory.resolve("given"), "given");
    try (Fd fd = host.linux.descriptors().open(given.toString(), 0)) {
      ContainerSpec spec =
          host.spec(TestHost.sh("cat <&3; cat <&4; ls /proc/self/fd | wc -l"))
              .withLog(new LogTarget(LogTarget.Format.JSON_FILE, log, 0, 1))
              .withPreserveFds(List.of(fd, fd.duplicate()));
      TestHost.Output output = host.run(spec);
      // 0, 1, 2, the two passed and the one that ls itself opens.
      assertThat(output.out()).isEqualTo("given6\n");
    }
    assertThat(Files.readString(log)).contains("\"log\":\"given6\\n\"");
  }

  @Test
  void manyPassedDescriptorsPushNothingOut() throws Exception {
    List<Fd> passed = new ArrayList<>();
    try {
      for (int i = 0; i < 60; i++) {
        passed.add(
            host.linux.memfds().create("passed", (i + ";").getBytes(StandardCharsets.UTF_8)));
      }
      String all = IntStream.range(0, 60).mapToObj(i -> i + ";").collect(Collectors.joining());
      ContainerSpec reads =
          host.spec(
              TestHost.withProcess(
                  TestHost.sh("for i in $(seq 3 62); do cat /proc/self/fd/$i; done"),
                  p -> p.withRlimits(List.of(new Process.Rlimit("RLIMIT_NOFILE", 140, 140)))));
      assertThat(host.run(reads.withPreserveFds(passed)).out()).isEqualTo(all);
      // The way on which a failure is reported is none of them.
      ContainerSpec fails = host.spec(TestHost.config("nothing-there")).withPreserveFds(passed);
      assertThatThrownBy(() -> host.run(fails))
          .isInstanceOfSatisfying(
              ContainerException.LaunchFailed.class,
              e -> assertThat(e.kind()).isEqualTo(ContainerException.LaunchFailed.Kind.NOT_FOUND));
    } finally {
      passed.forEach(Fd::close);
    }
  }

  @Test
  void noDescriptorLeaks() throws Exception {
    assertThat(line(TestHost.sh("ls /proc/self/fd | wc -l"))).isEqualTo("4");
    try (Running running = new Running(host, TestHost.sh("sleep 1000"))) {
      assertThat(host.exec(running.container, "ls /proc/self/fd | wc -l").line()).isEqualTo("4");
    }
  }

  @Test
  void hooksRunAtTheirPoints() throws Exception {
    Path out = host.directory.resolve("hooks.out");
    Path script = host.directory.resolve("hook.sh");
    Files.writeString(
        script,
        "#!/bin/sh\nexec >> "
            + out
            + "\necho \"$1 $(cat | grep -o '\"status\":\"[a-z]*\"') $(ls /usr >/dev/null 2>&1 && echo host || echo container) ${LD_PRELOAD:-none} $X\"\n");
    host.linux.descriptors().fchmodat(Fd.CWD, script.toString(), 0755);
    String[] kinds = {"prestart", "createRuntime", "createContainer", "poststart", "poststop"};
    List<List<Hook>> hooks =
        Stream.of(kinds)
            .map(k ->
                List.of(
                    new Hook(
                        script.toString(),
                        List.of("hook", k),
                        List.of("X=" + k, "PATH=/bin:/usr/bin"),
                        Optional.of(10))))
            .toList();
    Hook inside =
        new Hook(
            "/bin/sh",
            List.of("sh", "-c", "cat > /inside; hostname >> /inside"),
            List.of("PATH=/bin"),
            Optional.of(10));
    RuntimeConfig config =
        TestHost.sh("grep -o box /inside")
            .withHooks(
                new Hooks(
                    hooks.get(0),
                    hooks.get(1),
                    hooks.get(2),
                    List.of(inside),
                    hooks.get(3),
                    hooks.get(4)));
    assertThat(line(config)).isEqualTo("box");
    assertThat(Files.readString(out).lines())
        .containsExactly(
            "prestart \"status\":\"creating\" host none prestart",
            "createRuntime \"status\":\"creating\" host none createRuntime",
            "createContainer \"status\":\"creating\" host none createContainer",
            "poststart \"status\":\"running\" host none poststart",
            "poststop \"status\":\"stopped\" host none poststop");
    Hook bad = new Hook("/bin/false", List.of(), List.of(), Optional.empty());
    Hook slow = new Hook("/bin/sleep", List.of("sleep", "100"), List.of(), Optional.of(1));
    for (Hook hook : List.of(bad, slow)) {
      assertThatThrownBy(() ->
              host.run(
                  TestHost.sh("true").withHooks(Hooks.empty().withCreateContainer(List.of(hook)))))
          .isInstanceOf(ContainerException.HookFailed.class);
      assertThatThrownBy(() ->
              host.run(
                  TestHost.sh("true").withHooks(Hooks.empty().withCreateRuntime(List.of(hook)))))
          .isInstanceOf(ContainerException.HookFailed.class);
    }
  }

  @Test
  void timeNamespace() throws Exception {
    Assumptions.assumeTrue(features().timeNamespace(), "needs time namespaces (Linux 5.6)");
    RuntimeConfig config =
        TestHost.withLinux(
            TestHost.sh("cat /proc/uptime"),
            l ->
                l.withNamespaces(
                        Stream.concat(
                                l.namespaces().stream(),
                                Stream.of(Namespace.create(NamespaceType.TIME)))
                            .toList())
                    .withTimeOffsets(Map.of("boottime", new TimeOffset(1_000_000_000L, 0))));
    assertThat(Double.parseDouble(line(config).split(" ")[0])).isGreaterThan(1_000_000_000.0);
  }

  @Test
  void sandboxesShareNamespaces() throws Exception {
    Path ns = Files.createDirectories(host.directory.resolve("ns"));
    Map<NamespaceType, Path> pinned =
        Map.of(
            NamespaceType.NETWORK,
            ns.resolve("net"),
            NamespaceType.IPC,
            ns.resolve("ipc"),
            NamespaceType.UTS,
            ns.resolve("uts"));
    try (Sandbox sandbox =
        host.runtime.createSandbox(
            new SandboxSpec("pod", host.directory.resolve("pod"), pinned, Map.of()))) {
      RuntimeConfig base =
          TestHost.sh("readlink /proc/self/ns/net /proc/self/ns/ipc /proc/self/ns/uts; sleep 1000");
      RuntimeConfig joined =
          TestHost.withLinux(
              base.withHostname(""),
              l ->
                  l.withNamespaces(
                      l.namespaces().stream()
                          .map(n ->
                              pinned.containsKey(n.type())
                                  ? Namespace.join(n.type(), pinned.get(n.type()).toString())
                                  : n)
                          .toList()));
      Container a = sandbox.createContainer(host.spec(joined));
      Container b = sandbox.createContainer(host.spec(joined));
      a.start();
      b.start();
      for (String kind : List.of("net", "ipc", "uts")) {
        assertThat(host.linux.processes().namespace(a.pid(), kind))
            .isPresent()
            .isEqualTo(host.linux.processes().namespace(b.pid(), kind));
      }
      assertThat(host.linux.processes().namespace(a.pid(), "pid"))
          .isNotEqualTo(host.linux.processes().namespace(b.pid(), "pid"));
      RuntimeConfig sharesPid =
          TestHost.withLinux(
              joined,
              l ->
                  l.withNamespaces(
                      l.namespaces().stream()
                          .map(n ->
                              n.type() == NamespaceType.PID
                                  ? Namespace.join(n.type(), "/proc/" + a.pid() + "/ns/pid")
                                  : n)
                          .toList()));
      Container c = sandbox.createContainer(host.spec(sharesPid));
      c.start();
      assertThat(host.linux.processes().namespace(c.pid(), "pid"))
          .isEqualTo(host.linux.processes().namespace(a.pid(), "pid"));
      assertThatThrownBy(sandbox::quit).isInstanceOf(ContainerException.WrongState.class);
      for (Container container : List.of(c, b, a)) {
        container.delete(true);
      }
      sandbox.quit();
    }
    assertThat(ns.resolve("net")).doesNotExist();
  }

  @Test
  void refusesWhatIsNeverRight() {
    for (Mount mount :
        List.of(
            Mount.of("/proc/sys", "tmpfs", "tmpfs"),
            Mount.of("/proc", "tmpfs", "tmpfs"),
            Mount.of("/", "tmpfs", "tmpfs"),
            Mount.bind("/tmp", "/proc/self"),
            Mount.of("/proc/../proc/sys", "tmpfs", "tmpfs"))) {
      assertThatThrownBy(() -> host.run(TestHost.withMounts(TestHost.sh("true"), mount)))
          .isInstanceOf(ContainerException.Invalid.class);
    }
    assertThatThrownBy(
            () -> host.runtime.createSandbox(SandboxSpec.of("../x", host.directory.resolve("x"))))
        .isInstanceOf(ContainerException.Invalid.class);
  }

  /** A running container that is gone at the end. */
  static final class Running implements AutoCloseable {
    final Sandbox sandbox;
    final Container container;

    Running(TestHost host, RuntimeConfig config) throws IOException {
      sandbox = host.sandbox();
      container = sandbox.createContainer(host.spec(config));
      container.start();
    }

    @Override
    public void close() {
      container.delete(true);
      sandbox.quit();
    }
  }
}

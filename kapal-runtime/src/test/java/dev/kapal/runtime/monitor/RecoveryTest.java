package dev.kapal.runtime.monitor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kapal.linux.KernelFeatures;
import dev.kapal.runtime.Container;
import dev.kapal.runtime.ContainerException;
import dev.kapal.runtime.ContainerProcess;
import dev.kapal.runtime.ExecSpec;
import dev.kapal.runtime.ExitStatus;
import dev.kapal.runtime.LogTarget;
import dev.kapal.runtime.Sandbox;
import dev.kapal.runtime.SandboxSpec;
import dev.kapal.runtime.monitor.SandboxRecord.ContainerRecord;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class RecoveryTest {
  private TestHost host;

  @BeforeEach
  void start() throws Exception {
    Assumptions.assumeTrue(TestHost.isRoot(), "needs root and busybox-static");
    host = new TestHost();
  }

  @AfterEach
  void stop() throws Exception {
    if (host != null) {
      host.close();
    }
  }

  /** As after kill -9 of the daemon: the same directory, another runtime, no farewell. */
  private NativeRuntime other() {
    return NativeRuntime.create(host.linux, KernelFeatures.host(), host.cgroups);
  }

  @Test
  void everythingIsFoundAgain() throws Exception {
    Sandbox before = host.runtime.createSandbox(SandboxSpec.of("r", host.directory.resolve("r")));
    Container running = before.createContainer(host.spec(TestHost.sh("sleep 1000")));
    Container created = before.createContainer(host.spec(TestHost.sh("exit 4")));
    Container ended = before.createContainer(host.spec(TestHost.sh("exit 5")));
    running.start();
    ended.start();
    ExitStatus status = ended.awaitExit(Duration.ofSeconds(60)).orElseThrow();
    ContainerProcess exec =
        running.exec(
            ExecSpec.of(
                running.config().process().orElseThrow().withArgs(List.of("sleep", "1000"))));
    before.close();
    try (NativeRuntime runtime = other();
        Sandbox after = runtime.reconnect(host.directory.resolve("r"))) {
      assertThat(after.id()).isEqualTo("r");
      assertThat(after.containers()).hasSize(3);
      Container r = after.container(running.id()).orElseThrow();
      assertThat(r.state()).isEqualTo(Container.State.RUNNING);
      assertThat(r.pid()).isEqualTo(running.pid());
      assertThat(r.config()).isEqualTo(running.config());
      assertThat(r.processes()).hasSize(1);
      assertThat(r.processes().getFirst().pid()).isEqualTo(exec.pid());
      Container e = after.container(ended.id()).orElseThrow();
      assertThat(e.exitStatus()).contains(status);
      Container c = after.container(created.id()).orElseThrow();
      assertThat(c.state()).isEqualTo(Container.State.CREATED);
      c.start();
      assertThat(c.awaitExit(Duration.ofSeconds(60)).orElseThrow().code()).isEqualTo(4);
      assertThat(host.exec(r, "echo again").line()).isEqualTo("again");
      for (Container each : after.containers()) {
        each.delete(true);
      }
      after.quit();
    }
    assertThat(host.directory.resolve("r")).doesNotExist();
  }

  /** The daemon was killed after it had noted a container and before the monitor heard of it. */
  @Test
  void whatWasNeverLaunchedIsUndone() throws Exception {
    Sandbox before = host.runtime.createSandbox(SandboxSpec.of("n", host.directory.resolve("n")));
    Container running = before.createContainer(host.spec(TestHost.sh("sleep 1000")));
    running.start();
    before.close();
    Path never = host.directory.resolve("n");
    String cgroup = host.cgroups + "/never";
    try (SandboxFiles files = SandboxFiles.open(host.linux, never)) {
      SandboxRecord state = files.readState();
      int number = state.reserved();
      files.writeConfig(number, running.config());
      List<ContainerRecord> containers = new ArrayList<>(state.containers());
      containers.add(new ContainerRecord("never", number, cgroup, "/", List.of()));
      files.writeState(
          new SandboxRecord(1, state.id(), state.namespaces(), number + 1, containers));
    }
    var _ = host.linux.cgroups().create(cgroup);
    try (NativeRuntime runtime = other();
        Sandbox after = runtime.reconnect(never)) {
      assertThat(after.containers()).extracting(Container::id).containsExactly(running.id());
      assertThat(host.linux.cgroups().open(cgroup).exists()).isFalse();
      try (Stream<Path> left = Files.list(never)) {
        assertThat(left.map(p -> p.getFileName().toString()))
            .noneMatch(name -> name.startsWith("exit."));
      }
      after.containers().getFirst().delete(true);
      after.quit();
    }
  }

  /** What the monitor refuses has no end to be waited for. */
  @Test
  void whatWasNotLaunchedIsRemovedAtOnce() throws Exception {
    Path log = Files.createDirectory(host.directory.resolve("directory.log"));
    Sandbox sandbox = host.sandbox();
    long began = System.nanoTime();
    assertThatThrownBy(() ->
            sandbox.createContainer(
                host.spec(TestHost.sh("sleep 1000"))
                    .withLog(new LogTarget(LogTarget.Format.CRI, log, 0, 1))))
        .isInstanceOf(ContainerException.class)
        .hasMessageContaining("the log " + log)
        .satisfies(e -> assertThat(e.getSuppressed()).isEmpty());
    assertThat(sandbox.containers()).isEmpty();
    sandbox.quit();
    assertThat(System.nanoTime() - began).isLessThan(Duration.ofSeconds(5).toNanos());
  }

  @Test
  void aKilledMonitorIsNoticed() throws Exception {
    Sandbox sandbox = host.sandbox();
    Container c = sandbox.createContainer(host.spec(TestHost.sh("sleep 1000 & sleep 1000")));
    c.start();
    host.linux.processes().kill(sandbox.monitorPid().orElseThrow(), 9);
    ExitStatus exit = c.awaitExit(Duration.ofSeconds(60)).orElseThrow();
    assertThat(exit.code()).isEqualTo(137);
    assertThat(exit.reason()).hasValueSatisfying(r -> assertThat(r).contains("monitor"));
    assertThat(c.pids()).isEmpty();
    assertThat(sandbox.alive()).isFalse();
    sandbox.close();
    try (NativeRuntime runtime = other();
        Sandbox again = runtime.reconnect(sandbox.stateDirectory())) {
      Container found = again.containers().getFirst();
      assertThat(found.exitStatus().orElseThrow().code()).isEqualTo(137);
      found.delete(false);
      again.quit();
    }
  }

  @Test
  void manyCyclesLeaveNothing() throws Exception {
    try (Sandbox warm = host.sandbox()) {
      warm.quit();
    }
    List<String> mounts = mounts();
    long fds = count(Path.of("/proc/self/fd"));
    for (int i = 0; i < 200; i++) {
      try (Sandbox sandbox = host.sandbox()) {
        Container c = sandbox.createContainer(host.spec(TestHost.config("true")));
        c.start();
        assertThat(c.awaitExit(Duration.ofSeconds(60)).orElseThrow().code()).isZero();
        c.delete(false);
        sandbox.quit();
      }
    }
    assertThat(mounts()).isEqualTo(mounts);
    assertThat(count(Path.of("/proc/self/fd"))).isEqualTo(fds);
    assertThat(host.linux.cgroups().open(host.cgroups).processes()).isEmpty();
    List<String> left = new ArrayList<>();
    for (String directory : host.linux.cgroups().open(host.cgroups).directories().values()) {
      try (Stream<Path> groups = Files.list(Path.of(directory))) {
        groups.filter(Files::isDirectory).forEach(g -> left.add(g.toString()));
      }
    }
    assertThat(left).isEmpty();
    try (Stream<Path> entries = Files.list(host.directory)) {
      assertThat(entries.map(p -> p.getFileName().toString()).filter(n -> n.matches("s\\d+")))
          .isEmpty();
    }
  }

  /** Those that show something of ours or lie on it; the host may have others come and go. */
  private List<String> mounts() throws Exception {
    String directory = host.directory.toString();
    return Files.readAllLines(Path.of("/proc/self/mountinfo")).stream()
        .filter(line -> line.contains(directory))
        .toList();
  }

  private static long count(Path directory) throws Exception {
    try (Stream<Path> entries = Files.list(directory)) {
      return entries.count();
    }
  }
}

package dev.kapal.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** On the control groups of this host, whichever version they are. */
class CgroupsTest {
  private static final Duration LONG = Duration.ofSeconds(90);

  private final Linux linux = Linux.system();
  private final CgroupManager manager = linux.cgroups();
  private final String top =
      "/kapal-test-" + ProcessHandle.current().pid() + "-" + System.nanoTime();
  private final List<Integer> children = new ArrayList<>();

  @BeforeEach
  void needsCgroups() {
    assumeTrue(manager.layout().mode() != CgroupLayout.Mode.NONE, "needs writable control groups");
    try {
      manager.create(top);
    } catch (CgroupException e) {
      assumeTrue(false, "needs writable control groups: " + e.getMessage());
    }
  }

  @AfterEach
  void end() {
    manager.open(top).kill(LONG);
    children.forEach(linux.processes()::waitpid);
    manager.open(top).delete(LONG);
    assertThat(manager.open(top).exists()).isFalse();
  }

  /** A shell that waits for a line before it runs the script, so that it is in its group first. */
  private int runIn(Cgroup group, String script) {
    try (Descriptors.Pipe pipe = linux.descriptors().pipe(0)) {
      int pid =
          linux
              .processes()
              .spawn(
                  "/bin/sh",
                  List.of("sh", "-c", "read go; " + script),
                  List.of("PATH=/usr/bin:/bin"),
                  Map.of(0, pipe.reader()),
                  SpawnOptions.DEFAULT);
      children.add(pid);
      group.add(pid);
      linux.descriptors().writeFully(pipe.writer(), new byte[] {'g', '\n'});
      return pid;
    }
  }

  private static void await(java.util.function.BooleanSupplier condition) {
    long end = System.nanoTime() + LONG.toNanos();
    while (!condition.getAsBoolean()) {
      assertThat(System.nanoTime()).isLessThan(end);
      Polling.pause(2_000_000);
    }
  }

  @Test
  void makesFindsAndRemoves() {
    Cgroup group = manager.create(top + "/a/b");
    assertThat(group.exists()).isTrue();
    assertThat(group.processes()).isEmpty();
    assertThat(group.directories()).isNotEmpty();
    group.directories().values().forEach(d -> assertThat(new CgroupFolder(d).exists()).isTrue());
    List<Fd> procs = group.openProcs();
    assertThat(procs).hasSize(CgroupHierarchy.of(manager.layout()).size());
    procs.forEach(Fd::close);
    Optional<Fd> unified = group.openUnified();
    assertThat(unified.isPresent()).isEqualTo(group.directories().containsKey(""));
    unified.ifPresent(Fd::close);
    manager.create(top + "/a/b");
    manager.open(top + "/a").delete(LONG);
    assertThat(group.exists()).isFalse();
    group.delete(LONG);
    for (String bad :
        List.of("", "/", "a", "/a/../b", "/a//b", "/a/", "/.", "/a\nb", "/" + "x".repeat(256))) {
      assertThatThrownBy(() -> manager.create(bad)).isInstanceOf(CgroupException.class);
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = CgroupLayout.Mode.class,
      names = {"V1", "V2", "HYBRID"})
  void processesCanBeAddedFrozenAndKilled(CgroupLayout.Mode mode) {
    Cgroup group = as(mode, manager.create(top + "/run"));
    Cgroup leaf = manager.create(top + "/run/leaf");
    Cgroup below = manager.create(top + "/run/below");
    int first = runIn(leaf, "while :; do sleep 0.01 & wait; done");
    int second = runIn(below, "sleep 60 & sleep 60 & wait");
    await(() -> group.processes().size() >= 4);
    assertThat(group.processes()).contains(first, second);
    assertThatThrownBy(() -> group.delete(Duration.ofMillis(20)))
        .isInstanceOf(CgroupException.class)
        .hasMessageContaining("still in use by the processes");
    group.freeze(LONG);
    assertThat(group.isFrozen()).isTrue();
    String before = ProcFiles.text("/proc/" + first + "/stat");
    Polling.pause(50_000_000);
    assertThat(ProcFiles.text("/proc/" + first + "/stat")).isEqualTo(before);
    group.thaw(LONG);
    assertThat(group.isFrozen()).isFalse();
    await(() -> !ProcFiles.text("/proc/" + first + "/stat").equals(before));
    group.freeze(LONG);
    group.kill(LONG);
    assertThat(group.processes()).isEmpty();
    group.kill(LONG);
  }

  /** The group as version 1, version 2 or both show it. */
  private Cgroup as(CgroupLayout.Mode mode, Cgroup group) {
    CgroupLayout own = manager.layout();
    CgroupLayout layout =
        switch (mode) {
          case V1 -> new CgroupLayout(mode, own.v1(), Optional.empty(), List.of());
          case V2 -> new CgroupLayout(mode, Map.of(), own.unified(), own.unifiedControllers());
          case HYBRID, NONE -> own;
        };
    List<CgroupHierarchy> hierarchies = CgroupHierarchy.of(layout);
    assumeTrue(
        CgroupFreezer.find(hierarchies, group.path()).isPresent(), "needs the freezer of " + mode);
    return new SystemCgroup(hierarchies, group.path());
  }

  @ParameterizedTest
  @EnumSource(
      value = CgroupLayout.Mode.class,
      names = {"V1", "V2", "HYBRID"})
  void killsWhatNeverStaysTheSameProcess(CgroupLayout.Mode mode) {
    Cgroup group = as(mode, manager.create(top + "/bomb"));
    // Each process makes its successor and ends: a list of process ids is out of date at once.
    runIn(group, "x() { (x) & exit 0; }; for i in 1 2 3 4 5; do (x) & done; exec sleep 60");
    List<Integer> before = group.processes();
    await(() -> group.processes().stream().filter(pid -> !before.contains(pid)).count() > 3);
    group.kill(LONG);
    assertThat(group.processes()).isEmpty();
    Polling.pause(20_000_000);
    assertThat(group.processes()).isEmpty();
  }

  @Test
  void limitsTakeEffect() {
    Cgroup group = manager.create(top + "/limits");
    CgroupResources.Memory memory =
        CgroupResources.Memory.NONE.withLimit(64 << 20).withSwap(64 << 20);
    CgroupResources resources =
        CgroupResources.NONE
            .withCpu(
                CgroupResources.Cpu.NONE.withShares(512).withQuota(20_000, 100_000).withCpus("0"))
            .withMemory(memory)
            .withPids(7);
    List<String> warnings = group.set(resources);
    for (String controller : List.of("cpu", "memory", "pids", "cpuset")) {
      if (!manager.layout().has(controller)) {
        assertThat(warnings).anyMatch(w -> w.contains(controller));
      }
    }
    CgroupStats stats = group.stats();
    if (manager.layout().has("memory")) {
      assertThat(stats.memory().limit()).isEqualTo(64 << 20);
      // Down and up again: the two limits of v1 bound each other.
      for (long mib : new long[] {16, 128, 8, 512}) {
        group.set(
            CgroupResources.NONE.withMemory(
                CgroupResources.Memory.NONE.withLimit(mib << 20).withSwap(mib << 20)));
        assertThat(group.stats().memory().limit()).isEqualTo(mib << 20);
      }
      group.set(CgroupResources.NONE.withMemory(CgroupResources.Memory.NONE.withLimit(-1)));
      assertThat(group.stats().memory().limit()).isEqualTo(Long.MAX_VALUE);
    }
    if (manager.layout().has("pids")) {
      assertThat(stats.pids().limit()).isEqualTo(7);
    }
    if (manager.layout().has("cpu")) {
      // A period that is longer than the quota allows, then a short one.
      group.set(
          CgroupResources.NONE.withCpu(CgroupResources.Cpu.NONE.withQuota(500_000, 1_000_000)));
      group.set(CgroupResources.NONE.withCpu(CgroupResources.Cpu.NONE.withQuota(5_000, 10_000)));
      assertThatThrownBy(() ->
              group.set(CgroupResources.NONE.withCpu(CgroupResources.Cpu.NONE.withQuota(1, 1))))
          .isInstanceOf(CgroupException.class)
          .hasMessageContaining("EINVAL");
    }
  }

  @Test
  void asksForWhatThisHostLacks() {
    CgroupHierarchy only = CgroupHierarchy.of(manager.layout()).getFirst();
    CgroupLayout poor =
        new CgroupLayout(
            CgroupLayout.Mode.V1,
            Map.of("name=kapal-none", only.mount()),
            Optional.empty(),
            List.of());
    Cgroup group = new SystemCgroup(CgroupHierarchy.of(poor), top);
    List<String> warnings =
        group.set(
            CgroupResources.NONE
                .withPids(5)
                .withUnified(Map.of("memory.high", "5"))
                .withMemory(CgroupResources.Memory.NONE.withLimit(5)));
    assertThat(warnings)
        .containsExactlyInAnyOrder(
            "the limits [memory.limit_in_bytes] are not set: this host has no control group controller memory",
            "the limits [pids.max] are not set: this host has no control group controller pids",
            "memory.high is not set: this host has no cgroup v2");
    assertThatThrownBy(() -> group.freeze(LONG)).hasMessageContaining("neither the freezer");
  }

  @Test
  void countsWhatIsUsed() {
    Cgroup group = manager.create(top + "/stats");
    runIn(
        group,
        "i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done; x=$(head -c 3000000 /dev/zero | tr '\\0' x); sleep 60");
    await(() -> group.stats().cpu().usage() > 50_000_000);
    CgroupStats stats = group.stats();
    // Counted in ticks, which may lag behind.
    await(() -> group.stats().cpu().user() + group.stats().cpu().system() > 0);
    if (manager.layout().has("pids")) {
      assertThat(stats.pids().current()).isPositive();
    }
    if (manager.layout().has("memory")) {
      await(() -> group.stats().memory().usage() > 3_000_000);
      CgroupStats.Memory memory = group.stats().memory();
      assertThat(memory.workingSet()).isBetween(1L, memory.usage());
      assertThat(memory.peak()).isGreaterThanOrEqualTo(memory.workingSet());
    }
  }

  @Test
  void seesOutOfMemory() throws InterruptedException {
    assumeTrue(manager.layout().has("memory"), "needs the memory controller");
    Cgroup group = manager.create(top + "/oom");
    group.set(
        CgroupResources.NONE.withMemory(
            CgroupResources.Memory.NONE.withLimit(8 << 20).withSwap(8 << 20)));
    assertThat(group.oomKills()).isZero();
    CountDownLatch woken = new CountDownLatch(1);
    try (Cgroup.OomSource source = group.oomSource().orElseThrow();
        Poller poller = linux.newPoller("test-oom")) {
      poller.register(
          source.fd(),
          EnumSet.of(source.event()),
          _ -> {
            source.acknowledge();
            woken.countDown();
          });
      int pid = runIn(group, "exec tail /dev/zero");
      children.removeIf(child -> child == pid);
      assertThat(linux.processes().waitpid(pid)).isEqualTo(new ExitStatus.Signaled(9, false));
      await(() -> group.oomKills() > 0);
      assertThat(woken.await(10, TimeUnit.SECONDS)).isTrue();
    }
  }

  @Test
  void restrictsDevices() {
    Cgroup group = manager.create(top + "/devices");
    group.set(CgroupResources.NONE.withDevices(rules(3)));
    assertThat(readable(group, "/dev/null")).isTrue();
    assertThat(readable(group, "/dev/zero")).isFalse();
  }

  @Test
  void restrictsDevicesByProgram() {
    assumeTrue(manager.layout().unified().isPresent(), "needs a mount of cgroup v2");
    CgroupLayout v2 =
        new CgroupLayout(CgroupLayout.Mode.V2, Map.of(), manager.layout().unified(), List.of());
    Cgroup group = new SystemCgroup(CgroupHierarchy.of(v2), top);
    assertThat(readable(group, "/dev/zero")).isTrue();
    group.set(CgroupResources.NONE.withDevices(rules(3)));
    assertThat(readable(group, "/dev/null")).isTrue();
    assertThat(readable(group, "/dev/zero")).isFalse();
    // The new rules replace the old ones.
    group.set(CgroupResources.NONE.withDevices(rules(5)));
    assertThat(readable(group, "/dev/null")).isFalse();
    assertThat(readable(group, "/dev/zero")).isTrue();
    try (Fd directory = group.openUnified().orElseThrow();
        var arena = java.lang.foreign.Arena.ofConfined()) {
      assertThat(DeviceProgramLoader.attached(arena, directory)).hasSize(1);
    }
  }

  private static List<CgroupResources.DeviceRule> rules(long minor) {
    return List.of(
        new CgroupResources.DeviceRule(false, 'a', Optional.empty(), Optional.empty(), "rwm"),
        new CgroupResources.DeviceRule(true, 'c', Optional.of(1L), Optional.of(minor), "rw"));
  }

  private boolean readable(Cgroup group, String device) {
    int pid = runIn(group, "exec head -c 0 " + device + " 2>&-");
    children.removeIf(child -> child == pid);
    return linux.processes().waitpid(pid).equals(new ExitStatus.Exited(0));
  }
}

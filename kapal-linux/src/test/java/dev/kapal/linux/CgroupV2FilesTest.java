package dev.kapal.linux;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** cgroup v2 on ordinary files that look like its own: what this host's layout may not have. */
class CgroupV2FilesTest {
  private final TempTree tree = new TempTree();
  private final CgroupLayout layout =
      new CgroupLayout(
          CgroupLayout.Mode.V2,
          Map.of(),
          Optional.of(tree.path),
          List.of("cpu", "memory", "pids", "io", "cpuset"));
  private final List<CgroupHierarchy> hierarchies = CgroupHierarchy.of(layout);

  CgroupV2FilesTest() {
    Linux.system().descriptors().mkdirat(tree.root, "c", 0x1ed);
  }

  @AfterEach
  void end() {
    tree.close();
  }

  @Test
  void readsStatistics() {
    tree.file(
        "c/cpu.stat",
        "usage_usec 12\nuser_usec 7\nsystem_usec 5\nnr_periods 3\nnr_throttled 2\nthrottled_usec 9\n");
    tree.file("c/memory.current", "1000\n");
    tree.file("c/memory.max", "max\n");
    tree.file("c/memory.swap.current", "10\n");
    tree.file("c/memory.swap.max", "20\n");
    tree.file("c/memory.peak", "2000\n");
    tree.file("c/memory.stat", "anon 100\nfile 700\ninactive_anon 1\ninactive_file 600\n");
    tree.file("c/memory.events", "low 0\nhigh 0\nmax 4\noom 2\noom_kill 1\n");
    tree.file(
        "c/memory.pressure",
        "some avg10=1.50 avg60=0.25 avg300=0.00 total=4567\nfull avg10=0.50 avg60=0.00 avg300=0.00 total=12\n");
    tree.file("c/pids.current", "5\n");
    tree.file("c/pids.max", "max\n");
    tree.file("c/io.stat", "8:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=5 dios=6\n259:1 \n");
    CgroupStats stats = new CgroupStatsReader(hierarchies, "/c").read();
    assertThat(stats.cpu()).isEqualTo(new CgroupStats.Cpu(12_000, 7_000, 5_000, 3, 2, 9_000));
    assertThat(stats.memory())
        .isEqualTo(new CgroupStats.Memory(1000, Long.MAX_VALUE, 700, 400, 10, 20, 2000, 100, 4));
    assertThat(stats.memoryDetail())
        .containsEntry("inactive_file", 600L)
        .containsEntry("anon", 100L);
    assertThat(stats.pressures())
        .isEqualTo(
            Map.of(
                "memory",
                new Pressure(
                    new Pressure.Stall(1.5, 0.25, 0, 4567), new Pressure.Stall(0.5, 0, 0, 12))));
    assertThat(stats.pids()).isEqualTo(new CgroupStats.Pids(5, Long.MAX_VALUE));
    assertThat(stats.blockIo())
        .containsExactly(
            new CgroupStats.BlockIo(new Device(8, 0), 1, 2, 3, 4),
            new CgroupStats.BlockIo(new Device(259, 1), 0, 0, 0, 0));
    assertThat(CgroupOom.kills(hierarchies, "/c")).isEqualTo(1);
  }

  @Test
  void whatIsNotThereIsNoLimitAndCountsAsNothing() {
    CgroupStats none = new CgroupStatsReader(hierarchies, "/c").read();
    assertThat(none.cpu()).isEqualTo(new CgroupStats.Cpu(0, 0, 0, 0, 0, 0));
    assertThat(none.memory())
        .isEqualTo(new CgroupStats.Memory(0, Long.MAX_VALUE, 0, 0, 0, Long.MAX_VALUE, 0, 0, 0));
    assertThat(none.pids()).isEqualTo(new CgroupStats.Pids(0, Long.MAX_VALUE));
    assertThat(none.blockIo()).isEmpty();
    assertThat(none.pressures()).isEmpty();
    // Without swap accounting and before memory.peak (Linux 5.19).
    tree.file("c/memory.current", "1000\n");
    assertThat(new CgroupStatsReader(hierarchies, "/c").read().memory())
        .isEqualTo(
            new CgroupStats.Memory(1000, Long.MAX_VALUE, 0, 1000, 0, Long.MAX_VALUE, 0, 0, 0));
  }

  @Test
  void writesLimits() {
    for (String file :
        List.of("cpu.weight", "cpu.max", "memory.max", "memory.low", "pids.max", "memory.high")) {
      tree.file("c/" + file, "");
    }
    tree.file("c/cgroup.controllers", "cpu memory pids\n");
    tree.file("cgroup.controllers", "cpu memory pids io\n");
    tree.file("cgroup.subtree_control", "cpu memory pids\n");
    tree.file("cgroup.procs", "12\n");
    CgroupResources.Memory memory = CgroupResources.Memory.NONE.withLimit(4096).withSwap(8192);
    List<String> warnings =
        new CgroupLimits(hierarchies, "/c")
            .set(
                CgroupResources.NONE
                    .withCpu(CgroupResources.Cpu.NONE.withShares(1024).withQuota(-1, 100_000))
                    .withMemory(memory)
                    .withPids(9)
                    .withUnified(Map.of("memory.high", "7"))
                    .withBlockIo(
                        new CgroupResources.BlockIo(
                            Optional.of(100),
                            Optional.empty(),
                            List.of(),
                            List.of(),
                            List.of(),
                            List.of(),
                            List.of())));
    assertThat(tree.content("c/cpu.weight")).isEqualTo("100");
    assertThat(tree.content("c/cpu.max")).isEqualTo("max 100000");
    assertThat(tree.content("c/memory.max")).isEqualTo("4096");
    assertThat(tree.content("c/memory.high")).isEqualTo("7");
    assertThat(tree.content("c/pids.max")).isEqualTo("9");
    assertThat(warnings)
        .containsExactly(
            "memory.swap.max is not set: the kernel does not account for swap (boot with swapaccount=1)",
            "io.weight is not set: the controller io is not enabled: / holds processes itself, so it may"
                + " not enable it for groups below (no internal processes); move them into a group of"
                + " their own");
  }
}

package dev.kapal.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** cgroup v1 on ordinary files that look like its own, beside a v2 mount without controllers. */
class CgroupV1FilesTest {
  private final TempTree tree = new TempTree();
  private final CgroupLayout layout =
      new CgroupLayout(
          CgroupLayout.Mode.HYBRID,
          Map.of(
              "cpu", tree.path + "/cpu",
              "cpuacct", tree.path + "/cpu",
              "memory", tree.path + "/memory",
              "pids", tree.path + "/pids",
              "blkio", tree.path + "/blkio"),
          Optional.of(tree.path + "/unified"),
          List.of());
  private final List<CgroupHierarchy> hierarchies = CgroupHierarchy.of(layout);

  CgroupV1FilesTest() {
    Descriptors files = Linux.system().descriptors();
    for (String folder : List.of("cpu", "memory", "pids", "blkio", "unified")) {
      files.mkdirat(tree.root, folder, 0x1ed);
      files.mkdirat(tree.root, folder + "/c", 0x1ed);
    }
  }

  @AfterEach
  void end() {
    tree.close();
  }

  private CgroupStats read() {
    return new CgroupStatsReader(hierarchies, "/c").read();
  }

  @Test
  void readsStatistics() {
    tree.file("cpu/c/cpuacct.usage", "123456789\n");
    tree.file("cpu/c/cpuacct.stat", "user 7\nsystem 5\n"); // in ticks of 10 ms
    tree.file("cpu/c/cpu.stat", "nr_periods 3\nnr_throttled 2\nthrottled_time 9\n");
    tree.file("memory/c/memory.usage_in_bytes", "10000\n");
    tree.file("memory/c/memory.max_usage_in_bytes", "20000\n");
    tree.file("memory/c/memory.limit_in_bytes", "30000\n");
    tree.file("memory/c/memory.memsw.limit_in_bytes", "45000\n");
    tree.file("memory/c/memory.failcnt", "6\n");
    tree.file(
        "memory/c/memory.stat",
        """
        cache 1
        rss 2
        inactive_file 3
        hierarchical_memory_limit 30000
        total_cache 700
        total_rss 100
        total_mapped_file 50
        total_swap 11
        total_dirty 12
        total_pgfault 77
        total_pgmajfault 8
        total_inactive_file 600
        total_active_file 90
        """);
    tree.file("pids/c/pids.current", "5\n");
    tree.file("pids/c/pids.max", "100\n");
    tree.file(
        "blkio/c/blkio.throttle.io_service_bytes_recursive",
        "8:0 Read 4096\n8:0 Write 8192\n8:0 Sync 1\n8:0 Total 12288\n259:1 Read 1\nTotal 12289\n");
    tree.file("blkio/c/blkio.throttle.io_serviced_recursive", "8:0 Read 1\n8:0 Write 2\nTotal 3\n");
    CgroupStats stats = read();
    assertThat(stats.cpu())
        .isEqualTo(new CgroupStats.Cpu(123_456_789, 70_000_000, 50_000_000, 3, 2, 9));
    assertThat(stats.memory())
        .isEqualTo(new CgroupStats.Memory(10_000, 30_000, 700, 9_400, 11, 15_000, 20_000, 100, 6));
    // By the names of version 2, and of the groups below too.
    assertThat(stats.memoryDetail())
        .containsExactlyInAnyOrderEntriesOf(
            Map.of(
                "file", 700L,
                "anon", 100L,
                "file_mapped", 50L,
                "swap", 11L,
                "file_dirty", 12L,
                "pgfault", 77L,
                "pgmajfault", 8L,
                "inactive_file", 600L,
                "active_file", 90L));
    assertThat(stats.pids()).isEqualTo(new CgroupStats.Pids(5, 100));
    assertThat(stats.blockIo())
        .containsExactly(
            new CgroupStats.BlockIo(new Device(8, 0), 4096, 8192, 1, 2),
            new CgroupStats.BlockIo(new Device(259, 1), 1, 0, 0, 0));
    assertThat(stats.pressures()).isEmpty();
  }

  @Test
  void olderKernelsHaveNoCountersOfTheGroupsBelow() {
    tree.file("blkio/c/blkio.throttle.io_service_bytes", "8:0 Read 4096\n");
    assertThat(read().blockIo())
        .containsExactly(new CgroupStats.BlockIo(new Device(8, 0), 4096, 0, 0, 0));
  }

  @Test
  void whatIsNotSetIsNoLimitAndWhatIsNotCountedIsNothing() {
    tree.file("memory/c/memory.usage_in_bytes", "100\n");
    tree.file("memory/c/memory.limit_in_bytes", "9223372036854771712\n");
    tree.file("memory/c/memory.memsw.limit_in_bytes", "9223372036854771712\n");
    tree.file("memory/c/memory.stat", "total_inactive_file 600\n");
    tree.file("pids/c/pids.max", "max\n");
    CgroupStats stats = read();
    assertThat(stats.cpu()).isEqualTo(new CgroupStats.Cpu(0, 0, 0, 0, 0, 0));
    // More page cache than use, as a reader sees it between two reads: never less than nothing.
    assertThat(stats.memory())
        .isEqualTo(new CgroupStats.Memory(100, Long.MAX_VALUE, 0, 0, 0, Long.MAX_VALUE, 0, 0, 0));
    assertThat(stats.pids()).isEqualTo(new CgroupStats.Pids(0, Long.MAX_VALUE));
    assertThat(stats.blockIo()).isEmpty();
    assertThat(stats.pressures()).isEmpty();
  }

  @Test
  void aGroupThatIsGoneUsesNothing() {
    CgroupStats stats = new CgroupStatsReader(hierarchies, "/gone").read();
    assertThat(stats.cpu().usage()).isZero();
    assertThat(stats.memory().limit()).isEqualTo(Long.MAX_VALUE);
    assertThat(stats.memoryDetail()).isEmpty();
  }

  /** The v2 mount beside version 1 may measure waiting all the same. */
  @Test
  void pressureIsReadWhereverItIs() {
    tree.file(
        "unified/c/cpu.pressure", "some avg10=12.34 avg60=5.00 avg300=0.07 total=18446744073709\n");
    tree.file(
        "unified/c/io.pressure",
        "some avg10=0.00 avg60=0.00 avg300=0.00 total=1 new=7\nfull total=2\nother total=3\n");
    assertThat(read().pressures())
        .isEqualTo(
            Map.of(
                // Before Linux 5.13 there was no second line for the processor.
                "cpu",
                new Pressure(
                    new Pressure.Stall(12.34, 5, 0.07, 18_446_744_073_709L), Pressure.Stall.NONE),
                "io",
                new Pressure(new Pressure.Stall(0, 0, 0, 1), new Pressure.Stall(0, 0, 0, 2))));
    assertThat(Pressure.parse(""))
        .isEqualTo(new Pressure(Pressure.Stall.NONE, Pressure.Stall.NONE));
    assertThatThrownBy(() -> Pressure.parse("some avg10=x"))
        .isInstanceOf(ProcFormatException.class)
        .hasMessageContaining("some avg10=x");
  }
}

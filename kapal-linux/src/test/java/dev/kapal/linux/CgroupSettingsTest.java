package dev.kapal.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class CgroupSettingsTest {
  private static final Device DISK = new Device(8, 16);
  private static final CgroupResources ALL =
      CgroupResources.NONE
          .withCpu(
              CgroupResources.Cpu.NONE.withShares(1024).withQuota(50_000, 100_000).withCpus("0-1"))
          .withMemory(
              CgroupResources.Memory.NONE.withLimit(1 << 20).withSwap(3 << 20).withReservation(-1))
          .withPids(-1)
          .withHugePages(List.of(new CgroupResources.HugePages("2MB", 4 << 20)))
          .withBlockIo(
              new CgroupResources.BlockIo(
                  Optional.of(500),
                  Optional.empty(),
                  List.of(
                      new CgroupResources.DeviceWeight(DISK, Optional.of(10), Optional.empty())),
                  List.of(new CgroupResources.Throttle(DISK, 1000)),
                  List.of(),
                  List.of(),
                  List.of(new CgroupResources.Throttle(DISK, 0))));

  private static List<String> v1(String controller, CgroupResources resources) {
    return CgroupV1Settings.of(controller, resources).stream()
        .map(s -> s.file() + "=" + s.value())
        .toList();
  }

  private static List<String> v2(
      String controller, CgroupResources resources, Map<String, String> now) {
    return new CgroupV2Settings(file -> Optional.ofNullable(now.get(file)))
        .of(controller, resources).stream().map(s -> s.file() + "=" + s.value()).toList();
  }

  @Test
  void versionOne() {
    assertThat(v1("cpu", ALL))
        .containsExactly("cpu.shares=1024", "cpu.cfs_period_us=100000", "cpu.cfs_quota_us=50000");
    assertThat(v1("cpuset", ALL)).containsExactly("cpuset.cpus=0-1");
    assertThat(v1("memory", ALL))
        .containsExactly(
            "memory.limit_in_bytes=1048576",
            "memory.memsw.limit_in_bytes=3145728",
            "memory.soft_limit_in_bytes=-1");
    assertThat(v1("pids", ALL)).containsExactly("pids.max=max");
    assertThat(v1("blkio", ALL))
        .containsExactly(
            "blkio.weight=500",
            "blkio.weight_device=8:16 10",
            "blkio.throttle.read_bps_device=8:16 1000",
            "blkio.throttle.write_iops_device=8:16 0");
    assertThat(v1("hugetlb", ALL)).containsExactly("hugetlb.2MB.limit_in_bytes=4194304");
    assertThat(
            v1(
                "memory",
                CgroupResources.NONE.withMemory(CgroupResources.Memory.NONE.withLimit(-1))))
        .containsExactly("memory.limit_in_bytes=-1", "memory.memsw.limit_in_bytes=-1");
    assertThat(v1("cpu", CgroupResources.NONE)).isEmpty();
  }

  @Test
  void versionTwo() {
    assertThat(v2("cpu", ALL, Map.of())).containsExactly("cpu.weight=100", "cpu.max=50000 100000");
    assertThat(v2("cpuset", ALL, Map.of())).containsExactly("cpuset.cpus=0-1");
    assertThat(v2("memory", ALL, Map.of()))
        .containsExactly("memory.swap.max=2097152", "memory.max=1048576", "memory.low=max");
    assertThat(v2("pids", ALL, Map.of())).containsExactly("pids.max=max");
    assertThat(v2("io", ALL, Map.of()))
        .containsExactly(
            "io.weight=default 4950",
            "io.weight=8:16 1",
            "io.max=8:16 rbps=1000",
            "io.max=8:16 wiops=max");
    assertThat(v2("io", ALL, Map.of("io.bfq.weight", "default 100")))
        .startsWith("io.bfq.weight=500", "io.bfq.weight=8:16 10");
    assertThat(v2("hugetlb", ALL, Map.of())).containsExactly("hugetlb.2MB.max=4194304");
  }

  @Test
  void periodAloneKeepsTheQuota() {
    CgroupResources.Cpu none = CgroupResources.Cpu.NONE;
    CgroupResources.Cpu period =
        new CgroupResources.Cpu(
            none.shares(),
            none.quota(),
            Optional.of(200_000L),
            none.burst(),
            none.idle(),
            none.realtimeRuntime(),
            none.realtimePeriod(),
            none.cpus(),
            none.mems());
    CgroupResources resources = CgroupResources.NONE.withCpu(period);
    assertThat(v2("cpu", resources, Map.of("cpu.max", "30000 100000")))
        .containsExactly("cpu.max=30000 200000");
    assertThat(v2("cpu", resources, Map.of())).containsExactly("cpu.max=max 200000");
  }

  @Test
  void swapNeedsMemory() {
    CgroupResources swap =
        CgroupResources.NONE.withMemory(CgroupResources.Memory.NONE.withSwap(500));
    assertThat(v2("memory", swap, Map.of("memory.max", "200")))
        .containsExactly("memory.swap.max=300");
    assertThatThrownBy(() -> v2("memory", swap, Map.of("memory.max", "max")))
        .isInstanceOf(CgroupException.class)
        .hasMessageContaining("needs a limit of memory");
    assertThatThrownBy(() -> v2("memory", swap, Map.of("memory.max", "501")))
        .isInstanceOf(CgroupException.class);
    CgroupResources unlimited =
        CgroupResources.NONE.withMemory(CgroupResources.Memory.NONE.withLimit(-1));
    assertThat(v2("memory", unlimited, Map.of()))
        .containsExactly("memory.swap.max=max", "memory.max=max");
  }

  @Test
  void weightsAreThoseOfTheSchedulerThatIsThere() {
    CgroupSetting weight = new CgroupSetting("blkio", "blkio.weight_device", "8:16 10");
    CgroupSetting bfq = new CgroupSetting("blkio", "blkio.bfq.weight_device", "8:16 10");
    assertThat(CgroupV1Settings.ofScheduler(weight, bfq.file()::equals)).isEqualTo(bfq);
    assertThat(CgroupV1Settings.ofScheduler(weight, _ -> true)).isEqualTo(weight);
    assertThat(CgroupV1Settings.ofScheduler(weight, _ -> false)).isEqualTo(weight);
    CgroupSetting leaf = new CgroupSetting("blkio", "blkio.leaf_weight", "10");
    assertThat(CgroupV1Settings.ofScheduler(leaf, bfq.file()::equals)).isEqualTo(leaf);
  }

  @Test
  void weights() {
    assertThat(CgroupV2Settings.weight(2)).isEqualTo(1);
    assertThat(CgroupV2Settings.weight(1024)).isEqualTo(100);
    assertThat(CgroupV2Settings.weight(262144)).isEqualTo(10000);
    long before = 0;
    for (long shares = 2; shares <= 262144; shares += 37) {
      long weight = CgroupV2Settings.weight(shares);
      assertThat(weight).isBetween(before, 10000L);
      before = weight;
    }
    assertThat(CgroupV2Settings.ioWeight(10)).isEqualTo(1);
    assertThat(CgroupV2Settings.ioWeight(1000)).isEqualTo(10000);
  }

  @Test
  void deviceLists() {
    assertThat(
            CgroupV1Settings.device(
                new CgroupResources.DeviceRule(
                    false, 'a', Optional.empty(), Optional.empty(), "rwm")))
        .isEqualTo(new CgroupSetting("devices", "devices.deny", "a"));
    assertThat(
            CgroupV1Settings.device(
                new CgroupResources.DeviceRule(
                    true, 'c', Optional.of(136L), Optional.empty(), "rw")))
        .isEqualTo(new CgroupSetting("devices", "devices.allow", "c 136:* rw"));
  }
}

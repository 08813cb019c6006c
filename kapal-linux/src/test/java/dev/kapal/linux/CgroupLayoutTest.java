package dev.kapal.linux;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class CgroupLayoutTest {
  private static final String V1 =
      """
      30 25 0:26 / /sys/fs/cgroup ro,nosuid shared:9 - tmpfs tmpfs ro,mode=755
      33 30 0:29 / /sys/fs/cgroup/systemd rw,nosuid shared:11 - cgroup cgroup rw,xattr,name=systemd
      34 30 0:30 / /sys/fs/cgroup/cpu,cpuacct rw shared:12 - cgroup cgroup rw,cpu,cpuacct
      35 30 0:31 / /sys/fs/cgroup/memory rw shared:13 - cgroup cgroup rw,memory,release_agent=/x
      """;
  private static final String UNIFIED =
      "31 30 0:27 / /sys/fs/cgroup/unified rw shared:10 - cgroup2 cgroup2 rw,nsdelegate\n";

  @Test
  void versionOne() {
    CgroupLayout layout = CgroupLayout.of(MountInfo.parse(V1), List.of());
    assertThat(layout.mode()).isEqualTo(CgroupLayout.Mode.V1);
    assertThat(layout.v1())
        .hasSize(4)
        .containsEntry("cpuacct", "/sys/fs/cgroup/cpu,cpuacct")
        .containsEntry("name=systemd", "/sys/fs/cgroup/systemd");
    assertThat(layout.has("memory")).isTrue();
    assertThat(layout.has("pids")).isFalse();
  }

  @Test
  void hybrid() {
    CgroupLayout layout = CgroupLayout.of(MountInfo.parse(V1 + UNIFIED), List.of("hugetlb"));
    assertThat(layout.mode()).isEqualTo(CgroupLayout.Mode.HYBRID);
    assertThat(layout.unified()).contains("/sys/fs/cgroup/unified");
    assertThat(layout.has("hugetlb")).isTrue();
  }

  @Test
  void versionTwo() {
    CgroupLayout layout = CgroupLayout.of(MountInfo.parse(UNIFIED), List.of("cpu", "memory"));
    assertThat(layout.mode()).isEqualTo(CgroupLayout.Mode.V2);
    assertThat(layout.has("pids")).isFalse();
  }

  @Test
  void noneAndReadOnly() {
    assertThat(CgroupLayout.of(List.of(), List.of()).mode()).isEqualTo(CgroupLayout.Mode.NONE);
    CgroupLayout readOnly =
        CgroupLayout.of(MountInfo.parse(UNIFIED.replace(" rw shared", " ro shared")), List.of());
    assertThat(readOnly.mode()).isEqualTo(CgroupLayout.Mode.NONE);
  }

  @Test
  void hugePageNames() {
    assertThat(HugePageSizes.name("hugepages-2048kB")).isEqualTo("2MB");
    assertThat(HugePageSizes.name("hugepages-1048576kB")).isEqualTo("1GB");
    assertThat(HugePageSizes.name("hugepages-64kB")).isEqualTo("64KB");
    assertThat(HugePageSizes.name("x")).isEmpty();
  }
}

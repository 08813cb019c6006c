package dev.kapal.runtime.driver;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kapal.linux.CgroupLayout;
import dev.kapal.linux.Linux;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StrayGroupsTest {
  @TempDir Path base;

  @Test
  void whatIsNeededByNobodyGoes() throws Exception {
    CgroupLayout layout =
        new CgroupLayout(
            CgroupLayout.Mode.HYBRID,
            Map.of("memory", base.resolve("memory").toString()),
            Optional.empty(),
            List.of());
    Files.createDirectories(base.resolve("hugetlb/kapal/pod/one"));
    Files.createDirectories(base.resolve("net_cls/kapal/pod/one"));
    Files.createDirectories(base.resolve("net_cls/kapal/pod/two"));
    Files.createDirectories(base.resolve("rdma/other"));
    Path outside = Files.createDirectories(base.resolve("outside/pod/one"));
    Files.createDirectories(base.resolve("linked"));
    Files.createSymbolicLink(base.resolve("linked/kapal"), base.resolve("outside"));
    new StrayGroups(Linux.system()).remove(layout, "/kapal/pod/one");
    assertThat(base.resolve("hugetlb")).doesNotExist();
    assertThat(base.resolve("net_cls/kapal/pod")).isDirectoryContaining("glob:**/two");
    assertThat(base.resolve("net_cls/kapal/pod/one")).doesNotExist();
    assertThat(base.resolve("rdma/other")).exists();
    assertThat(outside).exists();
    new StrayGroups(Linux.system()).remove(layout, "/kapal/pod/two");
    assertThat(base.resolve("net_cls")).doesNotExist();
  }
}

package dev.kapal.runtime.dropin;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ExecGroupsTest {
  private static final Map<String, String> OWN =
      Map.of("memory", "/m/c", "cpu", "/cpu,cpuacct/c", "cpuacct", "/cpu,cpuacct/c", "", "/u/c");

  @Test
  void readsPathsForAllAndForSome() {
    assertThat(ExecGroups.parse(List.of())).isEmpty();
    assertThat(ExecGroups.parse(List.of("sub"))).isEqualTo(Map.of("", "/sub"));
    assertThat(ExecGroups.parse(List.of("/"))).isEqualTo(Map.of("", "/"));
    assertThat(ExecGroups.parse(List.of("memory:a/../b", "cpu,cpuacct:/c/")))
        .isEqualTo(Map.of("memory", "/b", "cpu", "/c", "cpuacct", "/c"));
  }

  @ParameterizedTest
  @CsvSource({
    "..,.. is not a sub cgroup path",
    "/..,/.. is not a sub cgroup path",
    "memory:a/../../b,a/../../b is not a sub cgroup path",
    ":a,invalid --cgroup argument: :a (empty <controller> prefix)",
    "a;b,invalid --cgroup argument: a (missing <controller>: prefix)",
    "memory:a;memory:b,invalid --cgroup argument(s): controller memory specified multiple times",
  })
  void refusesWhatIsNone(String given, String why) {
    assertThatThrownBy(() -> ExecGroups.parse(List.of(given.split(";"))))
        .hasMessage("exec failed: " + why);
  }

  @Test
  void placesWhatIsNamedAndLeavesTheRest() {
    assertThat(ExecGroups.elsewhere(OWN, Map.of("memory", "/b", "cpu", "/s")))
        .isEqualTo(Map.of("/m/c", "/m/c/b", "/cpu,cpuacct/c", "/cpu,cpuacct/c/s"));
    assertThat(ExecGroups.elsewhere(OWN, Map.of("", "/s")))
        .isEqualTo(
            Map.of("/m/c", "/m/c/s", "/cpu,cpuacct/c", "/cpu,cpuacct/c/s", "/u/c", "/u/c/s"));
    assertThat(ExecGroups.elsewhere(OWN, Map.of("memory", "/"))).isEqualTo(Map.of("/m/c", "/m/c"));
    assertThatThrownBy(() -> ExecGroups.elsewhere(OWN, Map.of("whatever", "/")))
        .hasMessage("exec failed: unknown controller whatever");
    assertThatThrownBy(() -> ExecGroups.elsewhere(OWN, Map.of("cpu", "/a", "cpuacct", "/b")))
        .hasMessageContaining("shares a hierarchy");
  }
}

package dev.kapal.daemon;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

final class DaemonOptionsTest {
  @Test
  void hasTheUsualPlaces() {
    DaemonOptions options = DaemonOptions.parse(List.of(), Map.of());
    assertThat(options.runDir()).isEqualTo(Path.of("/run/kapal"));
    assertThat(options.dataDir()).isEqualTo(Path.of("/var/lib/kapal"));
    assertThat(options.cgroupParent()).isEqualTo("/kapal");
    assertThat(options.group()).isEqualTo("kapal");
  }

  @Test
  void takesBothSpellings() {
    DaemonOptions options =
        DaemonOptions.parse(
            List.of("--run-dir", "/a", "--data-dir=/b", "--cgroup-parent=/c/d"), Map.of());
    assertThat(options).isEqualTo(new DaemonOptions(Path.of("/a"), Path.of("/b"), "/c/d", "kapal"));
  }

  @Test
  void namesWhatIsWrong() {
    assertThatThrownBy(() -> DaemonOptions.parse(List.of("--nothing"), Map.of()))
        .hasMessageContaining("\"--nothing\"");
    assertThatThrownBy(() -> DaemonOptions.parse(List.of("--run-dir"), Map.of()))
        .hasMessageContaining("needs a value");
    assertThatThrownBy(() -> DaemonOptions.parse(List.of("--run-dir", "x"), Map.of()))
        .hasMessageContaining("\"x\"");
    assertThatThrownBy(() -> DaemonOptions.parse(List.of("--cgroup-parent", "/a/../.."), Map.of()))
        .hasMessageContaining("/a/../..");
  }

  @Test
  void findsTheGroup() {
    List<String> lines = List.of("root:x:0:", "broken", "kapal:x:987:ann,bob", "kapalx:x:12:");
    assertThat(Access.group("kapal", lines)).isEqualTo(OptionalLong.of(987));
    assertThat(Access.group("nobody", lines)).isEmpty();
  }
}

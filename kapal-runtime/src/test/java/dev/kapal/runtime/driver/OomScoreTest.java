package dev.kapal.runtime.driver;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kapal.oci.runtime.Process;
import dev.kapal.oci.runtime.RuntimeConfig;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class OomScoreTest {
  private static Optional<Integer> after(Process process, int least) {
    return OomScore.atLeast(RuntimeConfig.empty().withProcess(process), least)
        .process()
        .orElseThrow()
        .oomScoreAdj();
  }

  @Test
  void onlyWhatIsLowerIsRaised() {
    assertThat(after(Process.empty().withOomScoreAdj(-998), 0)).hasValue(0);
    assertThat(after(Process.empty().withOomScoreAdj(-5), -10)).hasValue(-5);
    assertThat(after(Process.empty().withOomScoreAdj(1000), 0)).hasValue(1000);
    assertThat(after(Process.empty(), 0)).isEmpty();
    assertThat(OomScore.atLeast(RuntimeConfig.empty(), 0)).isEqualTo(RuntimeConfig.empty());
  }
}

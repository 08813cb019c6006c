package dev.kapal.engine.core;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kapal.engine.ContainerInfo.Health;
import dev.kapal.engine.ContainerInfo.Health.Probe;
import dev.kapal.engine.ContainerInfo.Health.Status;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What checks mean, and how long restarts wait. */
class HealthJudgeTest {
  private static Probe probe(int code) {
    return new Probe(Instant.EPOCH, Instant.EPOCH, code, "");
  }

  @Test
  void failuresInARowMakeItUnhealthyAndOneSuccessWell() {
    Health h = new Health(Status.STARTING, 0, List.of());
    h = HealthMonitor.judge(h, probe(1), 2, true);
    assertThat(h.failingStreak()).isZero();
    h = HealthMonitor.judge(h, probe(1), 2, false);
    assertThat(h.status()).isEqualTo(Status.STARTING);
    h = HealthMonitor.judge(h, probe(-1), 2, false);
    assertThat(h.status()).isEqualTo(Status.UNHEALTHY);
    h = HealthMonitor.judge(h, probe(0), 2, false);
    assertThat(h.status()).isEqualTo(Status.HEALTHY);
    h = HealthMonitor.judge(h, probe(1), 2, true);
    assertThat(h.failingStreak()).isEqualTo(1);
    for (int i = 0; i < 9; i++) {
      h = HealthMonitor.judge(h, probe(i), 2, false);
    }
    assertThat(h.log()).hasSize(5);
  }

  @Test
  void restartsWaitLongerAndLonger() {
    assertThat(Restarts.backoff(1)).isEqualTo(Duration.ofMillis(100));
    assertThat(Restarts.backoff(2)).isEqualTo(Duration.ofMillis(200));
    assertThat(Restarts.backoff(10)).isEqualTo(Duration.ofMillis(51_200));
    assertThat(Restarts.backoff(11)).isEqualTo(Duration.ofMinutes(1));
    assertThat(Restarts.backoff(Integer.MAX_VALUE)).isEqualTo(Duration.ofMinutes(1));
  }
}

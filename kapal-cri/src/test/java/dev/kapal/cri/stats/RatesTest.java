package dev.kapal.cri.stats;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import java.util.Set;
import org.junit.jupiter.api.Test;

final class RatesTest {
  private static final Instant START = Instant.ofEpochSecond(1000);
  private final Rates rates = new Rates();

  /** At so many milliseconds after the start. */
  private long rate(long millis, long cpuMillis) {
    return rates.rate("c", START, START.plusMillis(millis), cpuMillis * 1_000_000);
  }

  @Test
  void theFirstIsSinceTheStartAndTheOthersSinceTheLastSample() {
    assertThat(rate(10_000, 5_000)).isEqualTo(500_000_000);
    assertThat(rate(12_000, 9_000)).isEqualTo(2_000_000_000);
    assertThat(rate(16_000, 9_000)).isZero();
  }

  @Test
  void whoAsksTooOftenIsToldTheLastOneAndTheTimeIsNotLost() {
    assertThat(rate(10_000, 1_000)).isEqualTo(100_000_000);
    for (int i = 1; i < 10; i++) {
      assertThat(rate(10_000 + 100 * i, 1_000 + 100 * i)).isEqualTo(100_000_000);
    }
    assertThat(rate(11_000, 2_000)).isEqualTo(1_000_000_000);
  }

  @Test
  void aCounterThatBeginsAnewIsNoNegativeRate() {
    rate(10_000, 5_000);
    assertThat(rate(12_000, 100)).isZero();
    assertThat(rate(13_000, 600)).isEqualTo(500_000_000);
  }

  @Test
  void clocksMayJump() {
    assertThat(rate(0, 0)).isZero();
    assertThat(rate(-5_000, 10)).isZero();
    assertThat(rates.rate("other", START, START.minusSeconds(9), 1)).isNotNegative();
  }

  @Test
  void whatIsForgottenBeginsAnew() {
    rate(10_000, 5_000);
    rates.rate("d", START, START.plusSeconds(10), 1_000_000_000);
    rates.retain(Set.of("d"));
    assertThat(rate(20_000, 6_000)).isEqualTo(300_000_000);
    assertThat(rates.rate("d", START, START.plusSeconds(11), 3_000_000_000L))
        .isEqualTo(2_000_000_000);
  }
}

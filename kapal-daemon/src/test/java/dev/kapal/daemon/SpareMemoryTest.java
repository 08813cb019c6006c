package dev.kapal.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

final class SpareMemoryTest {
  private static final long MIB = 1L << 20;

  private long size = 40 * MIB;
  private long live = 20 * MIB;
  private int collections;
  private final SpareMemory spare = new SpareMemory(() -> size, this::collect);

  private void collect() {
    collections++;
    size = Math.max(40 * MIB, live);
  }

  private void look(int times) {
    for (int i = 0; i < times; i++) {
      spare.look();
    }
  }

  @Test
  void aSmallHeapIsLeftAlone() {
    look(1000);
    assertThat(collections).isZero();
  }

  @Test
  void whatIsNotNeededAnyMoreGoesBackAtOnce() {
    size = 150 * MIB;
    look(10);
    assertThat(collections).isEqualTo(1);
    assertThat(size).isEqualTo(40 * MIB);
    size = 90 * MIB;
    look(10);
    assertThat(collections).isEqualTo(2);
  }

  @Test
  void aHeapThatNeedsAllItHasIsAskedLessAndLess() {
    size = 100 * MIB;
    live = 100 * MIB;
    look(2 * 60 * 24);
    assertThat(collections).isBetween(10, 30);
    // Once it is small again, the next growth is seen at once.
    live = 20 * MIB;
    size = 40 * MIB;
    look(1);
    collections = 0;
    size = 100 * MIB;
    look(1);
    assertThat(collections).isEqualTo(1);
  }
}

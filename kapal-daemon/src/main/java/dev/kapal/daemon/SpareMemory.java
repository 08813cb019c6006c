package dev.kapal.daemon;

import java.util.function.LongSupplier;

/**
 * Gives back what the heap has grown by and no longer needs. The serial collector shrinks the heap
 * in full collections only, and a daemon that has done its work may have none for days.
 */
final class SpareMemory {
  /** How often to look. */
  static final int PERIOD_SECONDS = 30;

  /** A heap of this size is no matter: it begins with 40 MiB. */
  private static final long SMALL = 48L << 20;

  /** In periods: how long to leave a heap alone that needs all it has. */
  private static final int LONGEST_PAUSE = 128;

  private final LongSupplier size;
  private final Runnable collect;
  private int pause = 1;
  private int waited;

  /**
   * Of any heap.
   *
   * @param size of the heap, in bytes
   * @param collect collects everything
   */
  SpareMemory(LongSupplier size, Runnable collect) {
    this.size = size;
    this.collect = collect;
  }

  /** Of this process. */
  static SpareMemory ofHeap() {
    return new SpareMemory(Runtime.getRuntime()::totalMemory, System::gc);
  }

  /** Collects if the heap is large; the less that helps, the longer it does not try again. */
  void look() {
    long before = size.getAsLong();
    if (before <= SMALL) {
      pause = 1;
      waited = 0;
      return;
    }
    waited++;
    if (waited < pause) {
      return;
    }
    waited = 0;
    collect.run();
    boolean helped = size.getAsLong() <= before - before / 10;
    pause = helped ? 1 : Math.min(2 * pause, LONGEST_PAUSE);
  }
}

package dev.kapal.image.store;

/**
 * How far a blob has come that somebody may be reading while it is written. All access under its
 * own monitor.
 */
final class Growth {
  private long available;
  private int generation;
  private boolean complete;

  synchronized void set(long bytes) {
    available = bytes;
    notifyAll();
  }

  /** All that was written is void. */
  synchronized void restart() {
    available = 0;
    generation++;
    notifyAll();
  }

  synchronized void complete() {
    complete = true;
    notifyAll();
  }

  synchronized int generation() {
    return generation;
  }

  /** Waits for bytes beyond a position; returns how far there are any, the position at the end. */
  synchronized long await(long position, int expectedGeneration)
      throws InterruptedException, RestartedException {
    while (generation == expectedGeneration && available <= position && !complete) {
      wait();
    }
    check(expectedGeneration);
    return available;
  }

  /** Throws if what was read since is void. */
  synchronized void check(int expectedGeneration) throws RestartedException {
    if (generation != expectedGeneration) {
      throw new RestartedException();
    }
  }
}

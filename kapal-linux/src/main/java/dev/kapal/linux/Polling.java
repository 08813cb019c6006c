package dev.kapal.linux;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.TimeUnit;

/** Waiting with a bound. */
final class Polling {
  private Polling() {}

  /** Whether the descriptor became readable (or broke) in time. */
  static boolean awaitReadable(Fd fd, long nanos) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment poll = arena.allocate(8, 4);
      poll.set(JAVA_INT, 0, fd.number());
      poll.set(JAVA_SHORT, 4, (short) 1);
      MemorySegment time = arena.allocate(16, 8);
      long end = System.nanoTime() + nanos;
      long result;
      do {
        long left = Math.max(0, end - System.nanoTime());
        time.set(JAVA_LONG, 0, left / 1_000_000_000);
        time.set(JAVA_LONG, 8, left % 1_000_000_000);
        result = Sys.raw(Nr.PPOLL, poll.address(), 1, time.address(), 0, 0, 0);
      } while (Sys.failedWith(result, Errno.EINTR));
      return Sys.check(result, "ppoll", fd::toString) > 0;
    }
  }

  /** Sleeps; an interrupt is kept for the caller and ends the sleep. */
  static void pause(long nanos) {
    try {
      TimeUnit.NANOSECONDS.sleep(nanos);
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
      throw new ErrnoException("wait", "", Errno.EINTR);
    }
  }
}

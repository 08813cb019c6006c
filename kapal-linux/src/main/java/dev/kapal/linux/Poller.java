package dev.kapal.linux;

import java.util.Set;
import java.util.function.Consumer;

/**
 * Waits for many descriptors on one platform thread, epoll(7), level-triggered. Handlers run on
 * that thread and must not block. Registering, changing and removing may be done from any thread;
 * after {@link Registration#remove} has returned the handler is not called again.
 */
public interface Poller extends AutoCloseable {
  /** What a descriptor is ready for. */
  enum Ready {
    READ(1),
    PRIORITY(2),
    WRITE(4),
    ERROR(8),
    HANG_UP(16),
    PEER_CLOSED(0x2000);

    private final int bit;

    Ready(int bit) {
      this.bit = bit;
    }

    /** The EPOLL* bit. */
    public int bit() {
      return bit;
    }
  }

  /** Watches a descriptor. ERROR and HANG_UP are always reported. The Fd remains the caller's. */
  Registration register(Fd fd, Set<Ready> interest, Consumer<Set<Ready>> handler);

  /** Runs something on the poller's thread, soon. */
  void execute(Runnable task);

  /** Whether the caller is the poller's thread. */
  boolean inPollerThread();

  /** Ends the thread; handlers are not called again. Descriptors stay open. */
  @Override
  void close();

  /** One watched descriptor. */
  interface Registration extends AutoCloseable {
    /** Changes what is waited for; an empty set pauses all but ERROR and HANG_UP. */
    void interest(Set<Ready> interest);

    /**
     * Stops watching; call it before closing the descriptor. On another thread it waits until a
     * running handler has returned.
     */
    void remove();

    @Override
    default void close() {
      remove();
    }
  }
}

package dev.kapal.engine;

import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/** What happened: the last few thousand events are kept in memory. */
public interface Events {
  /**
   * Events from the past and, without {@code until} in the past, from now on. Close it.
   *
   * @param since from when; empty: from now on
   * @param until to when; empty: without end
   * @param filters type, event, container, image, volume, network, label, daemon
   */
  Subscription subscribe(Optional<Instant> since, Optional<Instant> until, Filters filters);

  /** Events one after the other. One thread takes; any thread may close. */
  interface Subscription extends AutoCloseable {
    /** The next event; waits. Empty at the end, or after close. */
    Optional<Event> next() throws InterruptedException;

    /** As {@link #next()}, but empty also when nothing came in this time. */
    Optional<Event> next(Duration timeout) throws InterruptedException;

    /** Whether no more can come. */
    boolean ended();

    @Override
    void close();
  }
}

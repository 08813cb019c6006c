package dev.kapal.image.registry.client;

import dev.kapal.image.registry.RegistryConfig.Timing;
import dev.kapal.image.registry.TransferListener;
import dev.kapal.image.registry.http.TransportFailure;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;

/** Decides whether and when a failed request is made again. */
final class Retry {
  private static final System.Logger LOG = System.getLogger(Retry.class.getName());

  private final Timing timing;

  Retry(Timing timing) {
    this.timing = timing;
  }

  /** Something that may fail for a while. */
  @FunctionalInterface
  interface Action<T> {
    T run() throws TransportFailure, InterruptedException;
  }

  /** Runs an action until it succeeds or there is no hope. */
  <T> T run(boolean lastEndpoint, Action<T> action) throws TransportFailure, InterruptedException {
    for (int failures = 1; ; failures++) {
      try {
        return action.run();
      } catch (TransportFailure e) {
        pause(failures, lastEndpoint, e, TransferListener.SILENT);
      }
    }
  }

  /**
   * Sleeps before the next attempt.
   *
   * @param failures in a row, this one included
   * @param lastEndpoint whether nobody else can be asked; if somebody can, an endpoint that is not
   *     there gets no second chance
   * @throws TransportFailure the same, if there is to be no next attempt
   */
  void pause(int failures, boolean lastEndpoint, TransportFailure e, TransferListener listener)
      throws TransportFailure, InterruptedException {
    int most = e.noConnection() ? (lastEndpoint ? 2 : 1) : timing.attempts();
    boolean tooLong =
        e.retryAfter().filter(d -> d.compareTo(timing.longestPause()) > 0).isPresent();
    if (!e.temporary() || failures >= most || tooLong) {
      throw e;
    }
    Duration pause = pause(failures, e.retryAfter());
    LOG.log(
        System.Logger.Level.DEBUG,
        () -> "attempt " + failures + " at " + e.url() + " failed: " + e.reason());
    listener.retrying(failures, pause, e.reason());
    Thread.sleep(pause);
  }

  /** Doubles each time; half of it is chance, so that many clients do not come back at once. */
  Duration pause(int failures, Optional<Duration> asked) {
    long cap = timing.longestPause().toMillis();
    long full = Math.min(cap, timing.firstPause().toMillis() << Math.min(failures - 1, 20));
    long jittered = full / 2 + ThreadLocalRandom.current().nextLong(full / 2 + 1);
    return Duration.ofMillis(Math.max(jittered, asked.map(Duration::toMillis).orElse(0L)));
  }
}

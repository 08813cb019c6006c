package dev.kapal.streaming.server;

import dev.kapal.streaming.StreamRequest;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.Base64;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.LongSupplier;

/**
 * Secrets that stand for a request each, good for one use and for a while. Whoever knows one may
 * run a command in a container, so they are 128 bits of a strong generator.
 */
final class Tokens {
  private static final int BYTES = 16;

  private final SecureRandom random = new SecureRandom();
  private final Map<String, Waiting> waiting = new LinkedHashMap<>();
  private final long lifeNanos;
  private final int limit;
  private final LongSupplier clock;

  private record Waiting(StreamRequest request, long deadline) {}

  /**
   * @param clock nanoseconds that only grow
   */
  Tokens(Duration life, int limit, LongSupplier clock) {
    this.lifeNanos = life.toNanos();
    this.limit = limit;
    this.clock = clock;
  }

  synchronized String issue(StreamRequest request) {
    long now = clock.getAsLong();
    dropExpired(now);
    if (waiting.size() >= limit) {
      throw new TooManyRequestsException(limit);
    }
    byte[] secret = new byte[BYTES];
    random.nextBytes(secret);
    String token = Base64.getUrlEncoder().withoutPadding().encodeToString(secret);
    waiting.put(token, new Waiting(request, now + lifeNanos));
    return token;
  }

  /** The request that a token stands for; the token is spent. */
  synchronized Optional<StreamRequest> redeem(String token) {
    dropExpired(clock.getAsLong());
    return Optional.ofNullable(waiting.remove(token)).map(Waiting::request);
  }

  /** They expire in the order in which they were issued. */
  private void dropExpired(long now) {
    Iterator<Waiting> oldest = waiting.values().iterator();
    while (oldest.hasNext() && oldest.next().deadline() - now <= 0) {
      oldest.remove();
    }
  }
}

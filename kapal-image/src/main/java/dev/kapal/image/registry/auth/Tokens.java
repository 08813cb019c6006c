package dev.kapal.image.registry.auth;

import dev.kapal.image.registry.Credentials;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.SortedSet;

/** Bearer tokens we hold, by what they are good for. Bounded; all methods may race. */
final class Tokens {
  private static final int MOST = 1000;
  private static final Duration MARGIN = Duration.ofSeconds(5);

  /**
   * What a token is good for.
   *
   * @param realm where it comes from
   * @param credentials whose it is
   */
  record Key(String realm, String service, SortedSet<String> scopes, Credentials credentials) {}

  private record Held(String token, long until) {}

  private final Map<Key, Held> held =
      new LinkedHashMap<>(16, 0.75f, true) {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<Key, Held> eldest) {
          return size() > MOST;
        }
      };

  synchronized Optional<String> find(Key key) {
    return Optional.ofNullable(held.get(key))
        .filter(h -> h.until - System.nanoTime() > 0)
        .map(Held::token);
  }

  synchronized void keep(Key key, String token, Duration life) {
    held.put(key, new Held(token, System.nanoTime() + life.minus(MARGIN).toNanos()));
  }

  synchronized void forget(Key key, String refused) {
    Held there = held.get(key);
    if (there != null && there.token.equals(refused)) {
      held.remove(key);
    }
  }
}

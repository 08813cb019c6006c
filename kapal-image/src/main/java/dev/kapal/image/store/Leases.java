package dev.kapal.image.store;

import dev.kapal.image.Lease;
import dev.kapal.oci.Digest;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * What is being worked on in this process. A process that dies loses them; the grace rule helps.
 */
public final class Leases {
  private final ConcurrentHashMap<Digest, Integer> held = new ConcurrentHashMap<>();

  /** Begins a lease of nothing. */
  public Lease begin() {
    Set<Digest> mine = ConcurrentHashMap.newKeySet();
    return new Lease() {
      @Override
      public void add(Digest digest) {
        if (mine.add(digest)) {
          held.merge(digest, 1, Integer::sum);
        }
      }

      @Override
      public void close() {
        for (Digest digest : new HashSet<>(mine)) {
          if (mine.remove(digest)) {
            held.computeIfPresent(digest, (d, n) -> n == 1 ? null : n - 1);
          }
        }
      }
    };
  }

  /** Whether somebody holds it. */
  public boolean holds(Digest digest) {
    return held.containsKey(digest);
  }
}

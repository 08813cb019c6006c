package dev.kapal.image;

import java.time.Instant;
import java.util.Map;
import java.util.Optional;

/**
 * Which images to remove.
 *
 * @param all also images with a name that no container uses
 * @param until only those stored before
 * @param labels only those with these labels; an empty value means any value
 */
public record PruneRequest(boolean all, Optional<Instant> until, Map<String, String> labels) {
  /** Copies. */
  public PruneRequest {
    labels = Map.copyOf(labels);
  }
}

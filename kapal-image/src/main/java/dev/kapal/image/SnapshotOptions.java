package dev.kapal.image;

import dev.kapal.linux.IdMapping;
import java.util.List;

/**
 * How to make a snapshot.
 *
 * @param uids the container's user ids, if it has a user namespace; the writable layer's root
 *     belongs to its root
 * @param gids its group ids
 */
public record SnapshotOptions(List<IdMapping> uids, List<IdMapping> gids) {
  /** No user namespace. */
  public static final SnapshotOptions NONE = new SnapshotOptions(List.of(), List.of());

  /** Copies. */
  public SnapshotOptions {
    uids = List.copyOf(uids);
    gids = List.copyOf(gids);
  }
}

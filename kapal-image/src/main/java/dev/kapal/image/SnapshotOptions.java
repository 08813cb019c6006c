package dev.kapal.image;

import dev.kapal.linux.IdMapping;
import java.util.List;

/**
 * How to make a snapshot.
 *
 * @param uids the container's user ids, if it has a user namespace; the writable layer's root
 *     belongs to its root
 * @param gids its group ids
 * @param snapshotter how the tree comes to be
 * @param durable whether it has to survive a power failure; else only the death of this process
 */
public record SnapshotOptions(
    List<IdMapping> uids, List<IdMapping> gids, Snapshotter snapshotter, boolean durable) {
  /** No user namespace, and gone with the power. */
  public static final SnapshotOptions NONE =
      new SnapshotOptions(List.of(), List.of(), Snapshotter.OVERLAY, false);

  /** No user namespace; survives a power failure. */
  public static final SnapshotOptions DURABLE =
      new SnapshotOptions(List.of(), List.of(), Snapshotter.OVERLAY, true);

  /** Copies. */
  public SnapshotOptions {
    uids = List.copyOf(uids);
    gids = List.copyOf(gids);
  }

  /** The same with another snapshotter. */
  public SnapshotOptions with(Snapshotter other) {
    return new SnapshotOptions(uids, gids, other, durable);
  }
}

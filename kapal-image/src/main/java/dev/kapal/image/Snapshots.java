package dev.kapal.image;

import java.io.OutputStream;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * The files of containers, made of unpacked images: data for an overlay mount, or a copy; nothing
 * is mounted here. A key belongs to one snapshot, whatever {@link Snapshotter} made it. Keys are 1
 * to 128 letters, digits, {@code _}, {@code -} and {@code .}, beginning with a letter or digit.
 */
public interface Snapshots {
  /**
   * Makes a snapshot, whole on disk once this returns: it survives this process, and a power
   * failure if the options ask for that. Layers that are missing are unpacked first.
   *
   * <p>The layers below need no syncing for it. Their blobs are durable, and an unpacked layer that
   * had not reached the disk when the power failed is recognised by the boot it was made in,
   * dropped, and unpacked again when {@link #find} is asked for a snapshot on it. So a pull never
   * waits for the files of its layers to be written.
   *
   * @throws ImageException.Conflict if there is one of that key
   */
  Snapshot prepare(String key, Image image, SnapshotOptions options);

  /** The snapshot with that key. */
  Optional<Snapshot> find(String key);

  /** All keys. */
  List<String> list();

  /** Removes a snapshot, which must not be mounted; nothing happens if there is none. */
  void remove(String key);

  /** Bytes and inodes of the writable layer; of a copy, of all of it. */
  SnapshotUsage usage(String key);

  /**
   * What differs from the image, by path.
   *
   * @param hollow absolute paths of files and directories that are left out where they are empty
   *     and new: they were made for mounts over them
   */
  List<Change> changes(String key, Set<String> hollow);

  /**
   * Writes what differs from the image as an uncompressed layer; the stream stays open.
   *
   * @param hollow as in {@link #changes}
   */
  void diff(String key, Set<String> hollow, OutputStream layer);
}

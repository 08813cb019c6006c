package dev.kapal.image;

import dev.kapal.oci.Digest;
import java.nio.file.Path;
import java.util.List;

/**
 * What a container's root is made of: for {@link Snapshotter#OVERLAY} an overlay of these
 * directories, for {@link Snapshotter#COPY} {@code upper} as it is. The paths are the store's own,
 * trusted as far as these directories; what is below them is not.
 *
 * @param key its name
 * @param image the image's id
 * @param snapshotter how it was made
 * @param lowerDirs the image's layers, topmost first, in overlay's order
 * @param layersRoot the directory that all of them are in: a mounter that changes to it can give
 *     short relative names, since mount(2) takes one page of options
 * @param upper the writable layer; of a copy, everything
 * @param work overlay's work directory; of a copy, not there
 */
public record Snapshot(
    String key,
    Digest image,
    Snapshotter snapshotter,
    List<Path> lowerDirs,
    Path layersRoot,
    Path upper,
    Path work) {
  /** Copies. */
  public Snapshot {
    lowerDirs = List.copyOf(lowerDirs);
  }
}

package dev.kapal.image;

import dev.kapal.oci.Digest;
import java.nio.file.Path;
import java.util.List;

/**
 * What to mount as a container's root: overlay with these directories. The paths are the store's
 * own, trusted as far as these directories; what is below them is not.
 *
 * @param key its name
 * @param image the image's id
 * @param lowerDirs the image's layers, topmost first, in overlay's order
 * @param layersRoot the directory that all of them are in: a mounter that changes to it can give
 *     short relative names, since mount(2) takes one page of options
 * @param upper the writable layer
 * @param work overlay's work directory
 */
public record Snapshot(
    String key, Digest image, List<Path> lowerDirs, Path layersRoot, Path upper, Path work) {
  /** Copies. */
  public Snapshot {
    lowerDirs = List.copyOf(lowerDirs);
  }
}

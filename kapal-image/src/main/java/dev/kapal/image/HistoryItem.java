package dev.kapal.image;

import dev.kapal.oci.Digest;
import dev.kapal.oci.HistoryEntry;
import dev.kapal.oci.Reference;
import java.util.List;
import java.util.Optional;

/**
 * One line of an image's history.
 *
 * @param image the image's id on the newest line
 * @param names the image's names on the newest line
 * @param entry what its configuration says
 * @param size bytes of the files of its layer
 */
public record HistoryItem(
    Optional<Digest> image, List<Reference> names, HistoryEntry entry, long size) {
  /** Copies. */
  public HistoryItem {
    names = List.copyOf(names);
  }
}

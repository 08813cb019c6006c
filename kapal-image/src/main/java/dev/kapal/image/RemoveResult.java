package dev.kapal.image;

import dev.kapal.oci.Digest;
import dev.kapal.oci.Reference;
import java.util.List;

/**
 * What a removal did.
 *
 * @param untagged names that are gone
 * @param deleted images that are gone
 * @param freed bytes of disk given back, as far as known when it returned
 */
public record RemoveResult(List<Reference> untagged, List<Digest> deleted, long freed) {
  /** Copies. */
  public RemoveResult {
    untagged = List.copyOf(untagged);
    deleted = List.copyOf(deleted);
  }
}

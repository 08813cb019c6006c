package dev.kapal.image;

import dev.kapal.oci.ContainerConfig;
import dev.kapal.oci.Digest;
import dev.kapal.oci.Reference;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * How to make an image of a container's changes. Whoever asks has paused the container.
 *
 * @param snapshot key of the container's snapshot
 * @param hollow what is left out of its changes, see {@link Snapshots#changes}
 * @param base the image that the container was made from
 * @param config what containers of the new image start with; empty: as the base
 * @param changes Dockerfile instructions applied on top
 * @param reference its name
 * @param author for its configuration
 * @param message for its history
 */
public record CommitRequest(
    String snapshot,
    Set<String> hollow,
    Digest base,
    Optional<ContainerConfig> config,
    List<String> changes,
    Optional<Reference> reference,
    String author,
    String message) {
  /** Copies. */
  public CommitRequest {
    hollow = Set.copyOf(hollow);
    changes = List.copyOf(changes);
  }
}

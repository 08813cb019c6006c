package dev.kapal.image;

import dev.kapal.oci.Platform;
import dev.kapal.oci.Reference;
import java.util.List;
import java.util.Optional;

/**
 * How to make an image of a root file system.
 *
 * @param reference its name
 * @param changes Dockerfile instructions such as {@code CMD ["/bin/sh"]}
 * @param message for its history
 * @param platform empty: this machine's
 */
public record ImportRequest(
    Optional<Reference> reference,
    List<String> changes,
    String message,
    Optional<Platform> platform) {
  /** Copies. */
  public ImportRequest {
    changes = List.copyOf(changes);
  }
}

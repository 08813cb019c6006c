package dev.kapal.image;

import dev.kapal.oci.Platform;
import java.util.List;
import java.util.Optional;

/**
 * What to write into an archive.
 *
 * @param images names or ids
 * @param format how the archive is laid out
 * @param platform the variant of each; empty: the one its name leads to
 */
public record SaveRequest(List<String> images, ArchiveFormat format, Optional<Platform> platform) {
  /** Copies. */
  public SaveRequest {
    images = List.copyOf(images);
  }

  /** Without a choice of the platform. */
  public static SaveRequest of(ArchiveFormat format, String... images) {
    return new SaveRequest(List.of(images), format, Optional.empty());
  }
}

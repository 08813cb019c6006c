package dev.kapal.image.local;

import dev.kapal.image.ImageUsers;
import dev.kapal.image.registry.CredentialSource;
import dev.kapal.image.registry.Registry;
import dev.kapal.image.tar.TarLimits;
import dev.kapal.linux.Descriptors;
import java.nio.file.Path;
import java.time.Duration;
import java.util.function.Function;

/**
 * How to open an image store.
 *
 * @param root its directory, such as {@code /var/lib/kapal}; made if it is missing
 * @param registries the registries as somebody with these credentials may use them
 * @param users what containers there are
 * @param limits on what a layer may hold
 * @param calls Linux
 * @param grace how long what no image needs, and unfinished downloads, are kept
 */
public record LocalImagesConfig(
    Path root,
    Function<CredentialSource, Registry> registries,
    ImageUsers users,
    TarLimits limits,
    Descriptors calls,
    Duration grace) {
  /** Default limits, and a day of grace. */
  public LocalImagesConfig(
      Path root,
      Function<CredentialSource, Registry> registries,
      ImageUsers users,
      Descriptors calls) {
    this(root, registries, users, TarLimits.DEFAULT, calls, Duration.ofDays(1));
  }
}

package dev.kapal.image.registry;

import dev.kapal.oci.Reference;
import java.util.regex.Pattern;

/**
 * A repository at a registry: {@code docker.io} + {@code library/busybox}.
 *
 * <p>Both parts become parts of URLs, so both are checked here (distribution-spec, "Pulling
 * manifests": the grammar of {@code <name>}).
 *
 * @param registry host or host:port as it stands in the image's name; not yet a mirror or an alias
 * @param path the repository, without tag and digest
 */
public record RepositoryName(String registry, String path) {
  private static final Pattern PATH =
      Pattern.compile(
          "[a-z0-9]++(?:(?:\\.|_|__|-++)[a-z0-9]++)*+"
              + "(?:/[a-z0-9]++(?:(?:\\.|_|__|-++)[a-z0-9]++)*+)*+");
  private static final Pattern REGISTRY =
      Pattern.compile("(?:[A-Za-z0-9](?:[A-Za-z0-9._-]*)|\\[[0-9a-fA-F:.]+])(?::[0-9]{1,5})?");

  /**
   * @throws IllegalArgumentException if a part is not in the grammar
   */
  public RepositoryName {
    if (registry.length() > 255 || !REGISTRY.matcher(registry).matches()) {
      throw new IllegalArgumentException("\"" + registry + "\" is not the name of a registry");
    }
    if (path.length() > 255 || !PATH.matcher(path).matches()) {
      throw new IllegalArgumentException("\"" + path + "\" is not the name of a repository");
    }
  }

  /** The repository of an image's name. */
  public static RepositoryName of(Reference image) {
    return new RepositoryName(image.domain(), image.path());
  }

  @Override
  public String toString() {
    return registry + "/" + path;
  }
}

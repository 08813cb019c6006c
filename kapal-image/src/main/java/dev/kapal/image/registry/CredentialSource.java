package dev.kapal.image.registry;

/**
 * Finds the credentials of one caller: a Docker {@code config.json}, Podman's {@code auth.json}, or
 * what came with an API request.
 */
@FunctionalInterface
public interface CredentialSource {

  /** Nobody, everywhere. */
  CredentialSource NONE = registry -> Credentials.ANONYMOUS;

  /**
   * The credentials for a registry.
   *
   * @param registry the registry as images name it, for example {@code docker.io} or {@code
   *     quay.io:443}
   * @return {@link Credentials#ANONYMOUS} where there are none
   * @throws RegistryException.BadConfiguration if a file or helper that should know fails
   */
  Credentials find(String registry);

  /**
   * The credentials for one repository; Podman's files can have some per name space.
   *
   * @param path the repository's path at that registry
   */
  default Credentials find(String registry, String path) {
    return find(registry);
  }

  /** Credentials for one registry and none for others, as an API request's auth header means. */
  static CredentialSource only(String registry, Credentials credentials) {
    return asked -> asked.equals(registry) ? credentials : Credentials.ANONYMOUS;
  }
}

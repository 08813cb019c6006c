package dev.kapal.daemon;

import dev.kapal.image.registry.CredentialSource;
import dev.kapal.image.registry.Registry;
import dev.kapal.image.registry.RegistryConfig;
import dev.kapal.image.registry.client.RegistryClient;

/**
 * The registries as they are configured now. A transfer that is under way ends as it began; its
 * client goes with the last of them.
 */
final class Registries {
  private volatile RegistryClient client;

  Registries(RegistryConfig config) {
    client = new RegistryClient(config);
  }

  Registry as(CredentialSource credentials) {
    return client.as(credentials);
  }

  /** For all that begins from now on. */
  void use(RegistryConfig config) {
    client = new RegistryClient(config);
  }
}

package dev.kapal.image.registry.client;

import dev.kapal.image.registry.CredentialSource;
import dev.kapal.image.registry.Credentials;
import dev.kapal.image.registry.Registry;
import dev.kapal.image.registry.RegistryConfig;
import dev.kapal.image.registry.auth.AuthFile;

/**
 * The client for all registries. One per process: it holds the connections, the tokens and the
 * downloads that callers share. Threads of any number may use it.
 */
public final class RegistryClient implements AutoCloseable {
  private final Context context;
  private final Downloads downloads;

  /**
   * @throws dev.kapal.image.registry.RegistryException.BadConfiguration if the proxy variables
   *     cannot be used
   */
  public RegistryClient(RegistryConfig config) {
    this.context = new Context(config);
    this.downloads = new Downloads(context);
  }

  /** The registries as the owner of these credentials may use them. */
  public Registry as(CredentialSource credentials) {
    return new CallersRegistry(context, downloads, credentials);
  }

  /**
   * Checks credentials against the registry and keeps them.
   *
   * @param file where to; or the helper that it names
   * @return where they are now, for a message
   * @throws dev.kapal.image.registry.RegistryException.Unauthorized if the registry refuses them;
   *     nothing is kept then
   */
  public String login(String registry, Credentials credentials, AuthFile file) {
    new Login(context).verify(registry, credentials);
    return file.store(registry, credentials);
  }

  /**
   * Forgets the credentials of a registry.
   *
   * @return whether there were any in the file
   */
  public boolean logout(String registry, AuthFile file) {
    return file.erase(registry);
  }

  /** Breaks off what is going on. */
  @Override
  public void close() {
    context.close();
  }
}

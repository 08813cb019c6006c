package dev.kapal.image.registry.client;

import dev.kapal.image.registry.CredentialSource;
import dev.kapal.image.registry.Registry;
import dev.kapal.image.registry.RegistryConfig;

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

  /** Breaks off what is going on. */
  @Override
  public void close() {
    context.close();
  }
}

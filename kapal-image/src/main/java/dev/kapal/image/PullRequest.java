package dev.kapal.image;

import dev.kapal.image.registry.CredentialSource;
import dev.kapal.oci.Platform;
import java.util.Optional;

/**
 * What to pull.
 *
 * @param name as the user wrote it; a short name means a local image of that name first, and Docker
 *     Hub's otherwise
 * @param platform empty: this machine's
 * @param policy when to ask the registry
 * @param credentials who asks
 */
public record PullRequest(
    String name, Optional<Platform> platform, PullPolicy policy, CredentialSource credentials) {
  /** This machine's platform, without credentials, always asking the registry. */
  public static PullRequest of(String name) {
    return new PullRequest(name, Optional.empty(), PullPolicy.ALWAYS, CredentialSource.NONE);
  }

  /** The same with another policy. */
  public PullRequest withPolicy(PullPolicy other) {
    return new PullRequest(name, platform, other, credentials);
  }

  /** The same for another platform. */
  public PullRequest withPlatform(Platform other) {
    return new PullRequest(name, Optional.of(other), policy, credentials);
  }
}

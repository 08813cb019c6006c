package dev.kapal.image.registry;

/**
 * Who the caller is at one registry. The secrets are kept out of {@link Object#toString()}, so that
 * no log line and no message can hold them by accident.
 */
public sealed interface Credentials {

  /** Nobody: public repositories only. */
  Credentials ANONYMOUS = new Anonymous();

  /** No credentials. */
  record Anonymous() implements Credentials {}

  /** User name and password (or access token used as a password). */
  record Basic(String user, String password) implements Credentials {
    @Override
    public String toString() {
      return "Basic[user=" + user + "]";
    }
  }

  /** An OAuth2 refresh token ("identity token" in Docker's files). */
  record IdentityToken(String token) implements Credentials {
    @Override
    public String toString() {
      return "IdentityToken[…]";
    }
  }

  /** A ready bearer token ("registrytoken"), passed to the registry as it is. */
  record RegistryToken(String token) implements Credentials {
    @Override
    public String toString() {
      return "RegistryToken[…]";
    }
  }
}

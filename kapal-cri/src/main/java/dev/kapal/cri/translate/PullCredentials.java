package dev.kapal.cri.translate;

import dev.kapal.cri.proto.AuthConfig;
import dev.kapal.image.registry.CredentialSource;
import dev.kapal.image.registry.Credentials;
import dev.kapal.oci.Reference;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Locale;
import java.util.Set;

/** The credentials that come with a pull. No message of an error holds any part of them. */
public final class PullCredentials {
  private static final Set<String> DOCKER_HUB =
      Set.of(Reference.DOCKER_IO, "index.docker.io", "registry-1.docker.io", "registry.docker.io");

  private PullCredentials() {}

  /**
   * For the registry of an image, if they are meant for it.
   *
   * @throws IllegalArgumentException they cannot be read
   */
  public static CredentialSource source(AuthConfig auth, Reference image) {
    Credentials credentials = read(auth);
    boolean elsewhere =
        !auth.getServerAddress().isBlank()
            && !host(auth.getServerAddress()).equals(host(image.domain()));
    return credentials.equals(Credentials.ANONYMOUS) || elsewhere
        ? CredentialSource.NONE
        : CredentialSource.only(image.domain(), credentials);
  }

  /** In the order of what is most specific. */
  static Credentials read(AuthConfig auth) {
    if (!auth.getRegistryToken().isEmpty()) {
      return new Credentials.RegistryToken(auth.getRegistryToken());
    }
    if (!auth.getIdentityToken().isEmpty()) {
      return new Credentials.IdentityToken(auth.getIdentityToken());
    }
    if (!auth.getUsername().isEmpty()) {
      return new Credentials.Basic(auth.getUsername(), auth.getPassword());
    }
    return auth.getAuth().isEmpty() ? Credentials.ANONYMOUS : decode(auth.getAuth());
  }

  private static Credentials decode(String auth) {
    String text;
    try {
      text =
          new String(Base64.getDecoder().decode(auth.strip()), StandardCharsets.UTF_8)
              .replaceAll("\0+$", "");
    } catch (IllegalArgumentException e) {
      throw unreadable();
    }
    int colon = text.indexOf(':');
    if (colon < 0) {
      throw unreadable();
    }
    return new Credentials.Basic(text.substring(0, colon), text.substring(colon + 1));
  }

  private static IllegalArgumentException unreadable() {
    return new IllegalArgumentException(
        "the field auth of the credentials is not base64 of NAME:PASSWORD");
  }

  /** The host of an address that may be a URL; Docker Hub has several names. */
  private static String host(String address) {
    String host = address.strip().toLowerCase(Locale.ROOT);
    int scheme = host.indexOf("://");
    host = scheme < 0 ? host : host.substring(scheme + 3);
    int slash = host.indexOf('/');
    host = slash < 0 ? host : host.substring(0, slash);
    return DOCKER_HUB.contains(host) ? Reference.DOCKER_IO : host;
  }
}

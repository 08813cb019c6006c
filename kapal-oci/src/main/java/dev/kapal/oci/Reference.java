package dev.kapal.oci;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * The name of an image, complete: registry, repository, and a tag or a digest or both. The grammar
 * is distribution's {@code reference}; names without a registry are Docker Hub's, as everywhere.
 *
 * @param domain host and optional port, such as {@code docker.io} or {@code localhost:5000}
 * @param path repository, such as {@code library/busybox}
 * @param tag such as {@code latest}
 * @param digest of the manifest
 */
public record Reference(String domain, String path, Optional<String> tag, Optional<Digest> digest) {
  /** Docker Hub's domain in canonical names. */
  public static final String DOCKER_IO = "docker.io";

  /** The domain of images that were made on this machine. */
  public static final String LOCALHOST = "localhost";

  private static final int MAX_NAME = 255;
  private static final int MAX_TEXT = 1024;
  private static final String LABEL = "[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?";
  private static final Pattern DOMAIN =
      Pattern.compile(
          "(?:" + LABEL + "(?:\\." + LABEL + ")*+|\\[[a-fA-F0-9:]{2,45}\\])(?::[0-9]{1,5})?");
  private static final Pattern COMPONENT =
      Pattern.compile("[a-z0-9]++(?:(?:[._]|__|-++)[a-z0-9]++)*+");
  private static final Pattern TAG = Pattern.compile("[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}");

  /**
   * Checks every part.
   *
   * @throws InvalidReferenceException if one breaks the grammar
   */
  public Reference {
    String name = domain + "/" + path;
    if (!DOMAIN.matcher(domain).matches()) {
      throw new InvalidReferenceException(
          "image name " + OciException.quote(name) + ": the registry part is not a host[:port]");
    }
    if (path.length() > MAX_NAME) {
      throw new InvalidReferenceException(
          "image name " + OciException.quote(name) + " is longer than " + MAX_NAME + " characters");
    }
    for (String component : path.split("/", -1)) {
      if (!COMPONENT.matcher(component).matches()) {
        throw new InvalidReferenceException(
            "image name "
                + OciException.quote(name)
                + ": "
                + (hasUpper(component)
                    ? "a repository must be in lower case"
                    : "each part of a repository is lower-case letters and digits with single"
                        + " '.', '_', '__' or '-' between them"));
      }
    }
    if (domain.equals(DOCKER_IO) && path.indexOf('/') < 0) {
      path = "library/" + path;
    }
    tag.ifPresent(text -> {
      if (!TAG.matcher(text).matches()) {
        throw new InvalidReferenceException(
            "image name "
                + OciException.quote(name)
                + ": the tag "
                + OciException.quote(text)
                + " must be 1 to 128 letters, digits, '_', '.' or '-' and not begin with"
                + " '.' or '-'");
      }
    });
  }

  /**
   * Parses a name as a person types it. {@code busybox} becomes {@code docker.io/library/busybox},
   * without a tag.
   *
   * @throws InvalidReferenceException if the text breaks the grammar
   */
  @JsonCreator(mode = JsonCreator.Mode.DELEGATING)
  public static Reference parse(String text) {
    return parse(text, DOCKER_IO);
  }

  /** As {@link #parse(String)}, with the registry that a short name belongs to. */
  public static Reference parse(String text, String defaultDomain) {
    if (text.isEmpty()) {
      throw new InvalidReferenceException("an image name is empty");
    }
    if (text.length() > MAX_TEXT) {
      throw new InvalidReferenceException(
          "image name " + OciException.quote(text) + " is longer than " + MAX_TEXT + " characters");
    }
    String rest = text;
    Optional<Digest> digest = Optional.empty();
    int at = rest.indexOf('@');
    if (at >= 0) {
      try {
        digest = Optional.of(Digest.parse(rest.substring(at + 1)));
      } catch (InvalidDigestException e) {
        throw new InvalidReferenceException(
            "image name " + OciException.quote(text) + ": " + e.getMessage());
      }
      rest = rest.substring(0, at);
    }
    Optional<String> tag = Optional.empty();
    int colon = rest.lastIndexOf(':');
    if (colon > rest.lastIndexOf('/')) {
      tag = Optional.of(rest.substring(colon + 1));
      rest = rest.substring(0, colon);
    }
    if (isHex64(rest) && digest.isEmpty()) {
      throw new InvalidReferenceException(
          "image name "
              + OciException.quote(text)
              + " is 64 hexadecimal digits, which would be taken for an image's id");
    }
    int slash = domainEnd(rest);
    String domain = slash < 0 ? defaultDomain : rest.substring(0, slash);
    if (domain.equals("index.docker.io") || domain.equals("registry-1.docker.io")) {
      domain = DOCKER_IO;
    }
    return new Reference(domain, slash < 0 ? rest : rest.substring(slash + 1), tag, digest);
  }

  /** Whether the text names no registry, so that local images of that name come first. */
  public static boolean isShortName(String text) {
    int at = text.indexOf('@');
    return domainEnd(at < 0 ? text : text.substring(0, at)) < 0;
  }

  /** The index of the slash after the registry, or -1 if the first part is no registry. */
  private static int domainEnd(String text) {
    int slash = text.indexOf('/');
    if (slash < 0) {
      return -1;
    }
    String first = text.substring(0, slash);
    boolean domain =
        first.indexOf('.') >= 0
            || first.indexOf(':') >= 0
            || first.equals(LOCALHOST)
            || hasUpper(first);
    return domain ? slash : -1;
  }

  /** The same with {@code latest} where there is neither a tag nor a digest. */
  public Reference tagged() {
    return tag.isEmpty() && digest.isEmpty() ? withTag("latest") : this;
  }

  /** The repository with this tag and no digest. */
  public Reference withTag(String newTag) {
    return new Reference(domain, path, Optional.of(newTag), Optional.empty());
  }

  /** The repository with this digest and no tag. */
  public Reference withDigest(Digest newDigest) {
    return new Reference(domain, path, Optional.empty(), Optional.of(newDigest));
  }

  /** Registry and repository: {@code docker.io/library/busybox}. */
  public String name() {
    return domain + "/" + path;
  }

  /** As Docker shows it: Docker Hub's prefix left out. */
  public String familiarName() {
    if (!domain.equals(DOCKER_IO)) {
      return name();
    }
    return path.startsWith("library/") && path.indexOf('/', 8) < 0 ? path.substring(8) : path;
  }

  /** {@link #familiarName} with tag and digest. */
  public String familiar() {
    return familiarName() + suffix();
  }

  /** The whole canonical text. */
  @JsonValue
  @Override
  public String toString() {
    return name() + suffix();
  }

  private String suffix() {
    return tag.map(t -> ":" + t).orElse("") + digest.map(d -> "@" + d).orElse("");
  }

  private static boolean hasUpper(String text) {
    return text.chars().anyMatch(c -> c >= 'A' && c <= 'Z');
  }

  private static boolean isHex64(String text) {
    return text.length() == 64
        && text.chars().allMatch(c -> (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'));
  }
}

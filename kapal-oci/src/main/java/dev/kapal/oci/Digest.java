package dev.kapal.oci;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/**
 * The digest of some content, as in image-spec "Digests": {@code algorithm:hex}.
 *
 * @param algorithm {@code sha256} or {@code sha512}
 * @param hex lower-case hexadecimal, 64 or 128 characters
 */
public record Digest(String algorithm, String hex) implements Comparable<Digest> {
  /** The algorithm that Kapal itself uses. */
  public static final String SHA256 = "sha256";

  /** The other registered algorithm, read but not written. */
  public static final String SHA512 = "sha512";

  /**
   * Checks both parts.
   *
   * @throws InvalidDigestException if the algorithm is unknown or the hexadecimal part malformed
   */
  public Digest {
    int length =
        switch (algorithm) {
          case SHA256 -> 64;
          case SHA512 -> 128;
          default ->
              throw new InvalidDigestException(
                  "digest algorithm "
                      + OciException.quote(algorithm)
                      + " is not supported: use sha256 or sha512");
        };
    if (hex.length() != length || !isLowerHex(hex)) {
      throw new InvalidDigestException(
          "digest "
              + OciException.quote(algorithm + ":" + hex)
              + " must have "
              + length
              + " lower-case hexadecimal digits");
    }
  }

  /**
   * Parses {@code algorithm:hex}.
   *
   * @throws InvalidDigestException if the text is anything else
   */
  @JsonCreator(mode = JsonCreator.Mode.DELEGATING)
  public static Digest parse(String text) {
    int colon = text.indexOf(':');
    if (colon < 0) {
      throw new InvalidDigestException(
          "digest " + OciException.quote(text) + " has no algorithm: write sha256:<64 digits>");
    }
    return new Digest(text.substring(0, colon), text.substring(colon + 1));
  }

  /** The SHA-256 digest of some bytes. */
  public static Digest sha256(byte[] content) {
    return of(newMessageDigest(SHA256).digest(content), SHA256);
  }

  /** A digest from the finished value of {@link #newDigest}. */
  public static Digest of(byte[] value, String algorithm) {
    return new Digest(algorithm, HexFormat.of().formatHex(value));
  }

  /** A fresh accumulator for this digest's algorithm. */
  public MessageDigest newDigest() {
    return newMessageDigest(algorithm);
  }

  /** A fresh accumulator for the named algorithm. */
  public static MessageDigest newMessageDigest(String algorithm) {
    try {
      return MessageDigest.getInstance(algorithm.equals(SHA512) ? "SHA-512" : "SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256 and SHA-512", e);
    }
  }

  /** The first twelve hexadecimal digits, as people see them in listings. */
  public String shortHex() {
    return hex.substring(0, 12);
  }

  /** {@code algorithm:hex}. */
  @JsonValue
  @Override
  public String toString() {
    return algorithm + ":" + hex;
  }

  @Override
  public int compareTo(Digest other) {
    int byAlgorithm = algorithm.compareTo(other.algorithm);
    return byAlgorithm != 0 ? byAlgorithm : hex.compareTo(other.hex);
  }

  private static boolean isLowerHex(String text) {
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if ((c < '0' || c > '9') && (c < 'a' || c > 'f')) {
        return false;
      }
    }
    return true;
  }
}

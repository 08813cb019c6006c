package dev.kapal.oci;

/** Text that is not a valid digest. */
public final class InvalidDigestException extends OciException {
  private static final long serialVersionUID = 1L;

  InvalidDigestException(String message) {
    super(message);
  }
}

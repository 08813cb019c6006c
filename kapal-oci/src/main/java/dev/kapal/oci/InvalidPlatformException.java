package dev.kapal.oci;

/** Text that is not a valid platform. */
public final class InvalidPlatformException extends OciException {
  private static final long serialVersionUID = 1L;

  InvalidPlatformException(String message) {
    super(message);
  }
}

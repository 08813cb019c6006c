package dev.kapal.oci;

/** Text that is not a valid reference. */
public final class InvalidReferenceException extends OciException {
  private static final long serialVersionUID = 1L;

  InvalidReferenceException(String message) {
    super(message);
  }
}

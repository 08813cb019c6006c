package dev.kapal.oci;

/** A JSON document that is not a valid manifest, index, configuration or layout file. */
public final class InvalidDocumentException extends OciException {
  private static final long serialVersionUID = 1L;

  /** A document that breaks a rule. */
  public InvalidDocumentException(String message) {
    super(message);
  }

  /** A document that could not be parsed. */
  public InvalidDocumentException(String message, Throwable cause) {
    super(message, cause);
  }
}

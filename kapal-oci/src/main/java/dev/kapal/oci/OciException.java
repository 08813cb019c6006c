package dev.kapal.oci;

/**
 * Something written in an OCI format could not be understood. The message names the text, the rule
 * that it breaks and, where there is one, the remedy.
 */
public abstract sealed class OciException extends RuntimeException
    permits InvalidDigestException,
        InvalidReferenceException,
        InvalidPlatformException,
        InvalidDocumentException {
  private static final long serialVersionUID = 1L;

  OciException(String message) {
    super(message);
  }

  OciException(String message, Throwable cause) {
    super(message, cause);
  }

  /** Shortens hostile text for a message and makes control characters visible. */
  static String quote(String text) {
    StringBuilder out = new StringBuilder("\"");
    int end = Math.min(text.length(), 120);
    for (int i = 0; i < end; i++) {
      char c = text.charAt(i);
      if (c < ' ' || c == 0x7f) {
        out.append(String.format("\\x%02x", (int) c));
      } else {
        out.append(c);
      }
    }
    return out.append(end < text.length() ? "…\"" : "\"").toString();
  }
}

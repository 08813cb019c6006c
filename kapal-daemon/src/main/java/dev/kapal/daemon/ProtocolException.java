package dev.kapal.daemon;

/** A client that does not keep to docs/client-protocol.md; it is dropped. */
final class ProtocolException extends RuntimeException {
  private static final long serialVersionUID = 1;

  ProtocolException(String message) {
    super(message);
  }
}

package dev.kapal.runtime.wire;

/** Bytes that are no message. */
public final class WireException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** What is wrong with them. */
  public WireException(String message) {
    super(message);
  }
}

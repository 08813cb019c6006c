package dev.kapal.runtime.dropin;

/** A command that ends with an error: its message is what the caller sees. */
final class CommandFailed extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final int status;

  CommandFailed(String message) {
    this(message, 1);
  }

  CommandFailed(String message, Throwable cause) {
    super(message, cause);
    this.status = 1;
  }

  CommandFailed(String message, Throwable cause, int status) {
    super(message, cause);
    this.status = status;
  }

  CommandFailed(String message, int status) {
    super(message);
    this.status = status;
  }

  int status() {
    return status;
  }
}

package dev.kapal.cli.command;

/** A command did not do all it should. What there was to tell has been told, or is the message. */
public final class CommandFailedException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final int status;

  /** With a message to tell. */
  public CommandFailedException(String message, int status) {
    super(message);
    this.status = status;
  }

  CommandFailedException(RuntimeException cause, int status) {
    super(Failures.message(cause), cause);
    this.status = status;
  }

  public int status() {
    return status;
  }
}

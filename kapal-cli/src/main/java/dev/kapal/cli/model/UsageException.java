package dev.kapal.cli.model;

/**
 * The caller asked for something that cannot be: an unknown option, a value that makes no sense.
 * The message names the thing, the reason and the remedy in one sentence.
 */
public final class UsageException extends RuntimeException {
  /** The status of a wrong option or value, as with docker. */
  public static final int BAD_OPTION = 125;

  /** The status of an unknown command or a wrong number of operands, as with docker. */
  public static final int BAD_COMMAND = 1;

  private static final long serialVersionUID = 1L;

  private final int status;

  public UsageException(String message) {
    this(message, BAD_OPTION);
  }

  public UsageException(String message, int status) {
    super(message);
    this.status = status;
  }

  /** What to tell the caller. */
  public String message() {
    return String.valueOf(getMessage());
  }

  /** The exit status that goes with it. */
  public int status() {
    return status;
  }
}

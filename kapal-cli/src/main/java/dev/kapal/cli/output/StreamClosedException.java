package dev.kapal.cli.output;

/**
 * Nobody reads a stream any more. The command ends quietly, with the status of a process that
 * SIGPIPE ended.
 */
public final class StreamClosedException extends RuntimeException {
  /** 128 + SIGPIPE. */
  public static final int STATUS = 141;

  private static final long serialVersionUID = 1L;

  public StreamClosedException(Throwable cause) {
    super("the reader of the output has gone", cause);
  }
}

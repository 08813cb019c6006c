package dev.kapal.streaming.server;

/** Too many URLs were given out and not used. */
public final class TooManyRequestsException extends RuntimeException {
  private static final long serialVersionUID = 1;

  TooManyRequestsException(int limit) {
    super(
        "cannot give out a streaming URL: "
            + limit
            + " URLs wait to be used already; try again when they have been, or have expired");
  }
}

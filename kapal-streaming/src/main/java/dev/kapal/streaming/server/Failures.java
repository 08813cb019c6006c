package dev.kapal.streaming.server;

/** What a client's user reads of a failure. */
final class Failures {
  private Failures() {}

  static String sentence(Throwable failure) {
    String message = failure.getMessage();
    return message == null || message.isBlank() ? failure.getClass().getSimpleName() : message;
  }
}

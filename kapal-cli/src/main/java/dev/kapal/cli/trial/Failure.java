package dev.kapal.cli.trial;

/** What a failure says in a sentence. */
final class Failure {
  private Failure() {}

  static String message(Throwable e) {
    String text = e.getMessage();
    return text == null || text.isBlank() ? e.toString() : text;
  }
}

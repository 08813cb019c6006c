package dev.kapal.it;

/** What a command left: its exit status and all that it printed. */
record Result(int status, String out, String err) {
  /** The output without the end of its last line. */
  String text() {
    return out.strip();
  }

  Result mustSucceed() {
    if (status != 0) {
      throw new AssertionError("status " + status + "\n--- out\n" + out + "\n--- err\n" + err);
    }
    return this;
  }
}

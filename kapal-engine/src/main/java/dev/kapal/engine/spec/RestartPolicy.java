package dev.kapal.engine.spec;

/**
 * What happens when a container ends.
 *
 * @param mode when it is started again
 * @param maxRetries ON_FAILURE: how often; 0: without end
 */
public record RestartPolicy(Mode mode, int maxRetries) {
  /** When a container is started again. */
  public enum Mode {
    NO("no"),
    ON_FAILURE("on-failure"),
    ALWAYS("always"),
    UNLESS_STOPPED("unless-stopped");

    private final String text;

    Mode(String text) {
      this.text = text;
    }

    /** As written on a command line. */
    public String text() {
      return text;
    }
  }

  public static final RestartPolicy NO = new RestartPolicy(Mode.NO, 0);
  public static final RestartPolicy ALWAYS = new RestartPolicy(Mode.ALWAYS, 0);

  public RestartPolicy {
    if (maxRetries < 0 || (maxRetries > 0 && mode != Mode.ON_FAILURE)) {
      throw new IllegalArgumentException("a number of retries goes with on-failure only");
    }
  }

  /**
   * Reads {@code no}, {@code on-failure[:N]}, {@code always}, {@code unless-stopped}.
   *
   * @throws IllegalArgumentException when it is none of them
   */
  public static RestartPolicy parse(String text) {
    String name = text;
    int retries = 0;
    int colon = text.indexOf(':');
    if (colon >= 0) {
      name = text.substring(0, colon);
      String n = text.substring(colon + 1);
      if (!n.matches("\\d{1,9}")) {
        throw new IllegalArgumentException(
            "restart policy \"" + text + "\": the number of retries is not a number");
      }
      retries = Integer.parseInt(n);
    }
    if (name.isEmpty()) {
      return NO;
    }
    for (Mode m : Mode.values()) {
      if (m.text.equals(name)) {
        return new RestartPolicy(m, retries);
      }
    }
    throw new IllegalArgumentException(
        "restart policy \""
            + text
            + "\" is not known: use no, on-failure[:N], always or unless-stopped");
  }

  @Override
  public String toString() {
    return maxRetries > 0 ? mode.text + ":" + maxRetries : mode.text;
  }
}

package dev.kapal.cli.output;

import java.util.Map;

/**
 * Colour, where it is wanted: on a terminal that is not dumb, unless NO_COLOR is set
 * (no-color.org).
 *
 * @param enabled whether the methods add escape sequences at all
 */
public record Style(boolean enabled) {
  public static final Style PLAIN = new Style(false);

  /** What suits a stream. */
  public static Style of(boolean terminal, Map<String, String> environment) {
    boolean refused = !environment.getOrDefault("NO_COLOR", "").isEmpty();
    return new Style(terminal && !refused && !environment.getOrDefault("TERM", "").equals("dumb"));
  }

  public String bold(String text) {
    return with("1", text);
  }

  public String dim(String text) {
    return with("2", text);
  }

  public String green(String text) {
    return with("32", text);
  }

  public String yellow(String text) {
    return with("33", text);
  }

  public String red(String text) {
    return with("31", text);
  }

  public String cyan(String text) {
    return with("36", text);
  }

  private String with(String code, String text) {
    return enabled ? "\u001b[" + code + "m" + text + "\u001b[0m" : text;
  }
}

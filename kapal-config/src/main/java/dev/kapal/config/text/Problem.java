package dev.kapal.config.text;

import java.util.Optional;

/**
 * Something wrong in a configuration file.
 *
 * @param at where
 * @param key the setting, as the file's syntax writes it; empty: none in particular
 * @param message what is wrong, and what to do
 * @param nearest the known name that was perhaps meant
 * @param fatal the file cannot be taken for what it says
 */
public record Problem(
    Position at, String key, String message, Optional<String> nearest, boolean fatal) {
  /** An error without a nearest name. */
  public static Problem error(Position at, String key, String message) {
    return new Problem(at, key, message, Optional.empty(), true);
  }

  /** Something that the engine whose file it is would pass over. */
  public static Problem warning(Position at, String key, String message) {
    return new Problem(at, key, message, Optional.empty(), false);
  }

  /** One line: where, which key, what, and the nearest name. */
  @Override
  public String toString() {
    return at
        + ": "
        + (key.isEmpty() ? "" : key + ": ")
        + message
        + nearest.map(n -> "; did you mean \"" + n + "\"?").orElse("");
  }
}

package dev.kapal.config.foreign;

import dev.kapal.config.text.Position;

/**
 * What became of one setting.
 *
 * @param at where it stands
 * @param key its name as the file has it; empty: the file as a whole
 * @param outcome what became of it
 * @param message the setting it became, or the reason, or what is wrong and what to do
 */
public record Finding(Position at, String key, Outcome outcome, String message) {
  /** One line. */
  @Override
  public String toString() {
    return at
        + ": "
        + (key.isEmpty() ? "" : key + ": ")
        + outcome.word()
        + (message.isEmpty() ? "" : ": " + message);
  }
}

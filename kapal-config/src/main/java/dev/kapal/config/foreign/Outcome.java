package dev.kapal.config.foreign;

/** What became of a setting of another engine. */
public enum Outcome {
  /** It means the same here. */
  TAKEN("taken"),
  /** It is said in other words here. */
  TRANSLATED("translated"),
  /** It has no counterpart here, for the reason given. */
  NOT_APPLICABLE("not applicable"),
  /** The engine itself does not know it. */
  UNKNOWN("unknown"),
  /** It is wrong, or does not do what whoever wrote it thinks. */
  MISTAKE("mistake");

  private final String word;

  Outcome(String word) {
    this.word = word;
  }

  /** For people. */
  public String word() {
    return word;
  }
}

package dev.kapal.cli.context;

import dev.kapal.config.ConfigDiff;
import dev.kapal.config.ConfigSource;
import dev.kapal.config.KapalConfig;
import dev.kapal.config.text.Problem;
import java.util.List;

/** The configuration of the process that runs commands. Safe for many threads. */
public interface LiveConfiguration {
  /** Where it is read. */
  ConfigSource source();

  /** What was read last and was whole. */
  KapalConfig current();

  /** What of that counts only after a restart of the daemon. */
  List<Change> pending();

  /** Reads the files again: takes all of them over, or nothing. */
  Reloaded reload();

  /**
   * What a reload did.
   *
   * @param problems all that is wrong; nothing has changed if there are any
   * @param changes sorted by key
   */
  record Reloaded(List<Problem> problems, List<Change> changes) {
    public Reloaded {
      problems = List.copyOf(problems);
      changes = List.copyOf(changes);
    }
  }

  /** A setting with another value than before. */
  record Change(ConfigDiff.Change what, Effect effect) {
    /** One line. */
    public String line() {
      return what.key()
          + ": "
          + what.values()
          + switch (effect) {
            case NOW -> "";
            case RESTART -> " (needs a restart of the daemon)";
            case NONE -> " (without effect in this version)";
          };
    }
  }

  /** When a change counts. */
  enum Effect {
    /** For all that begins from now on. */
    NOW,
    /** After the daemon was started anew. */
    RESTART,
    /** This version of Kapal does not do what the setting says. */
    NONE
  }
}

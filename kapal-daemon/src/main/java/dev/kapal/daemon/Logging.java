package dev.kapal.daemon;

import java.time.format.DateTimeFormatter;
import java.util.logging.ConsoleHandler;
import java.util.logging.Formatter;
import java.util.logging.Level;
import java.util.logging.LogManager;
import java.util.logging.LogRecord;
import java.util.logging.Logger;

/**
 * The daemon's own log: one line an event on standard error, where systemd's journal or a file
 * takes it. Under systemd lines begin with the priority that sd-daemon(3) defines and without a
 * time, which the journal knows.
 */
final class Logging {
  /** Held here: the log manager forgets loggers that nobody holds, and their levels. */
  private static final Logger OWN = Logger.getLogger("dev.kapal");

  private Logging() {}

  /** What is below {@code info} is told of Kapal alone, not of the JDK. */
  static void level(String word) {
    Level level =
        switch (word) {
          case "trace" -> Level.FINER;
          case "debug" -> Level.FINE;
          case "warn" -> Level.WARNING;
          case "error" -> Level.SEVERE;
          default -> Level.INFO;
        };
    OWN.setLevel(level);
    Logger.getLogger("").setLevel(level.intValue() < Level.INFO.intValue() ? Level.INFO : level);
  }

  static void setUp(boolean journal, String level) {
    LogManager.getLogManager().reset();
    Logger root = Logger.getLogger("");
    level(level);
    ConsoleHandler handler = new ConsoleHandler();
    handler.setLevel(Level.ALL);
    handler.setFormatter(journal ? new JournalLine() : new PlainLine());
    root.addHandler(handler);
  }

  private static String text(LogRecord event, Formatter formatter) {
    StringBuilder text = new StringBuilder(formatter.formatMessage(event));
    // A stack trace belongs into the log only where the cause is a mistake of ours.
    Throwable thrown = event.getThrown();
    if (thrown != null) {
      text.append(": ").append(thrown);
      if (event.getLevel().intValue() >= Level.SEVERE.intValue()) {
        for (StackTraceElement element : thrown.getStackTrace()) {
          text.append(" | ").append(element);
        }
      }
    }
    return text.toString().replace('\n', ' ');
  }

  /** TIME LEVEL TEXT. */
  static final class PlainLine extends Formatter {
    @Override
    public String format(LogRecord event) {
      return DateTimeFormatter.ISO_INSTANT.format(event.getInstant())
          + " "
          + event.getLevel().getName()
          + " "
          + text(event, this)
          + "\n";
    }
  }

  /** &lt;PRIORITY&gt;TEXT. */
  static final class JournalLine extends Formatter {
    @Override
    public String format(LogRecord event) {
      int level = event.getLevel().intValue();
      int priority =
          level >= Level.SEVERE.intValue()
              ? 3
              : level >= Level.WARNING.intValue() ? 4 : level >= Level.INFO.intValue() ? 6 : 7;
      return "<" + priority + ">" + text(event, this) + "\n";
    }
  }
}

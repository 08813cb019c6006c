package dev.kapal.engine;

import java.util.Optional;

/** Lines of a log, one after the other. One thread reads; any thread may close. */
public interface LogReader extends AutoCloseable {
  /** The next line; empty at the end. When following, waits. */
  Optional<LogEntry> next() throws InterruptedException;

  @Override
  void close();
}

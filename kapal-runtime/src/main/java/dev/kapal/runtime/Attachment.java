package dev.kapal.runtime;

/**
 * Streams joined to a process; closing ends it, and the process goes on. Ends by itself with the
 * process.
 */
public interface Attachment extends AutoCloseable {
  /** Ends the attachment; does nothing when it has ended. */
  @Override
  void close();
}

package dev.kapal.engine;

/** Descriptors joined to a process; see {@link AttachRequest}. Closing detaches. */
public interface Attachment extends AutoCloseable {

  /** Why an attachment ended. */
  enum End {
    /** The process ended, and all it printed has been delivered. */
    EXITED,
    /** The detach keys were pressed, or {@link #close} was called. */
    DETACHED
  }

  /** Waits for the end. */
  End await() throws InterruptedException;

  /** Detaches; the process goes on. Idempotent. */
  @Override
  void close();
}

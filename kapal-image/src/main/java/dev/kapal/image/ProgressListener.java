package dev.kapal.image;

import dev.kapal.oci.Digest;
import java.time.Duration;

/**
 * Hears how a pull, push, load or save goes on. Called on working threads, several at a time: must
 * be quick, thread-safe, and not throw.
 */
@FunctionalInterface
public interface ProgressListener {
  /** Hears nothing. */
  ProgressListener SILENT = event -> {};

  /** Something happened. */
  void on(Event event);

  /** What can happen. */
  sealed interface Event {}

  /** A line to show as it is. */
  record Message(String text) implements Event {}

  /** The name was resolved to a manifest or index with this digest. */
  record Resolved(String name, Digest digest) implements Event {}

  /**
   * A blob goes on. Download and extraction overlap: both kinds of event come mixed.
   *
   * @param blob its digest (of the compressed bytes)
   * @param state what is being done with it
   * @param done bytes of the blob that are done in this state
   * @param total size of the blob in bytes
   */
  record Layer(Digest blob, State state, long done, long total) implements Event {}

  /** A transfer failed and goes on after a pause. */
  record Retrying(Digest blob, int attempt, Duration pause, String reason) implements Event {}

  /** What is done with a layer. */
  enum State {
    WAITING,
    DOWNLOADING,
    DOWNLOADED,
    EXTRACTING,
    UPLOADING,
    /** Written into an archive, uncompressed or not. */
    SAVING,
    /** Finished. */
    DONE,
    /** Was there before. */
    EXISTS,
    /** The registry linked it from another repository. */
    MOUNTED
  }
}

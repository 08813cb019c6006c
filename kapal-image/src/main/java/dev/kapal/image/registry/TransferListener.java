package dev.kapal.image.registry;

import java.time.Duration;

/**
 * Hears how a transfer goes on. Called on the transfer's thread, at most once per buffer: must be
 * quick and must not throw. A listener that joins a running download first hears its present state.
 */
public interface TransferListener {

  /** Hears nothing. */
  TransferListener SILENT = (done, total) -> {};

  /**
   * Bytes now held (received, or sent).
   *
   * @param done goes back when a transfer starts again from an earlier offset
   * @param total size of the blob in bytes
   */
  void progress(long done, long total);

  /** The transfer failed for now and goes on after a pause. */
  default void retrying(int attempt, Duration pause, String reason) {}
}

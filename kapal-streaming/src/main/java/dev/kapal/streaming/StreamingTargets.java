package dev.kapal.streaming;

import java.io.IOException;

/**
 * What the streams are joined to. Each call blocks until its work has ended, on a virtual thread of
 * its own, and is free to use the streams from several threads. A message of what is thrown reaches
 * the client's user, so it says what failed and what to do.
 */
public interface StreamingTargets {

  /**
   * Runs a command.
   *
   * @return its exit code, after all its output has been written
   */
  int exec(StreamRequest.Exec request, ProcessStreams streams)
      throws IOException, InterruptedException;

  /** Joins a container's streams until the container ends or the client goes. */
  void attach(StreamRequest.Attach request, ProcessStreams streams)
      throws IOException, InterruptedException;

  /** Connects to a port on the pod's loopback and copies until both directions have ended. */
  void portForward(String sandboxId, int port, ByteStream stream)
      throws IOException, InterruptedException;
}

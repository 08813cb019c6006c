package dev.kapal.runtime;

import java.nio.file.Path;

/**
 * How a container's state is to be saved.
 *
 * @param directory where to: it exists, is empty and is the caller's; what is written there only
 *     the same runtime can read
 * @param leaveRunning go on afterwards; otherwise the container ends as soon as its state is saved
 * @param tcpEstablished save open TCP connections too, instead of refusing
 * @param fileLocks save locks on files too, instead of refusing
 * @param interfaces save what the container's network namespace holds; not where its interfaces are
 *     made anew before it goes on
 */
public record CheckpointSpec(
    Path directory,
    boolean leaveRunning,
    boolean tcpEstablished,
    boolean fileLocks,
    boolean interfaces) {
  /** A checkpoint that ends the container, without connections, with locks. */
  public static CheckpointSpec of(Path directory) {
    return new CheckpointSpec(directory, false, false, true, true);
  }

  /** This, going on afterwards or not. */
  public CheckpointSpec withLeaveRunning(boolean leaveRunning) {
    return new CheckpointSpec(directory, leaveRunning, tcpEstablished, fileLocks, interfaces);
  }

  /** This, with the interfaces or without. */
  public CheckpointSpec withInterfaces(boolean interfaces) {
    return new CheckpointSpec(directory, leaveRunning, tcpEstablished, fileLocks, interfaces);
  }
}

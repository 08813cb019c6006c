package dev.kapal.engine;

import java.nio.file.Path;
import java.time.Instant;
import java.util.Optional;

/**
 * A container's saved state.
 *
 * @param name what it is called: unique in its directory
 * @param runtime the runtime that saved it, the only one that can go on from it
 * @param created when
 */
public record Checkpoint(String name, String runtime, Instant created) {
  /**
   * What is to be saved, and how.
   *
   * @param name letters, digits, _ . and -, beginning with a letter or digit; at most 128
   * @param directory where to, in a directory of that name, which stays when the container goes;
   *     empty: among what the container has
   * @param leaveRunning go on afterwards; otherwise it ends as soon as its state is saved
   * @param tcpEstablished save open TCP connections too
   */
  public record Request(
      String name, Optional<Path> directory, boolean leaveRunning, boolean tcpEstablished) {
    /** Saves and ends. */
    public static Request of(String name) {
      return new Request(name, Optional.empty(), false, false);
    }
  }

  /**
   * Which one to go on from.
   *
   * @param name what it is called
   * @param directory as it was given when it was made
   */
  public record Ref(String name, Optional<Path> directory) {}
}

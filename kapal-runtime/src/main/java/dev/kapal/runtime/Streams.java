package dev.kapal.runtime;

import dev.kapal.linux.Fd;
import java.util.Optional;

/**
 * Descriptors to join to a process's standard streams. They stay the caller's, who may close them
 * as soon as the call returns.
 *
 * @param input is read and passed to the process
 * @param output gets what it prints; with a terminal, everything
 * @param error gets what it prints to standard error
 */
public record Streams(Optional<Fd> input, Optional<Fd> output, Optional<Fd> error) {
  /** Output and error only. */
  public static Streams outputs(Fd output, Fd error) {
    return new Streams(Optional.empty(), Optional.of(output), Optional.of(error));
  }

  /** All three. */
  public static Streams all(Fd input, Fd output, Fd error) {
    return new Streams(Optional.of(input), Optional.of(output), Optional.of(error));
  }
}

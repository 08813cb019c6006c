package dev.kapal.runtime;

import java.time.Instant;
import java.util.Optional;

/**
 * How a process ended.
 *
 * @param code its exit code, or 128 + the signal
 * @param signal the signal that ended it, or 0
 * @param oomKilled whether the kernel killed a process of the container for want of memory
 * @param at when
 * @param reason why, when it did not end by itself, such as that its monitor was killed
 */
public record ExitStatus(
    int code, int signal, boolean oomKilled, Instant at, Optional<String> reason) {
  /** From a wait status of wait(2). */
  public static ExitStatus ofWaitStatus(int status, boolean oomKilled, Instant at) {
    int signal = status & 0x7f;
    int code = signal == 0 ? (status >> 8) & 0xff : 128 + signal;
    return new ExitStatus(code, signal, oomKilled, at, Optional.empty());
  }
}

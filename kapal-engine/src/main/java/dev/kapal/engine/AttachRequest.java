package dev.kapal.engine;

import dev.kapal.linux.Fd;
import java.util.Optional;

/**
 * Descriptors to join to a process's streams. The engine takes them over and closes them. They go
 * to the process's monitor as they are, so that bytes do not pass through this JVM, unless detach
 * keys have to be watched for. With a terminal the output carries standard error too.
 *
 * @param input read and passed on to the process
 * @param output gets its standard output
 * @param error gets its standard error
 * @param detachKeys a sequence on the input that ends the attachment, such as {@code
 *     ctrl-p,ctrl-q}; empty: none
 */
public record AttachRequest(
    Optional<Fd> input, Optional<Fd> output, Optional<Fd> error, Optional<DetachKeys> detachKeys)
    implements AutoCloseable {

  /** Joins nothing: only waits. */
  public static AttachRequest nothing() {
    return new AttachRequest(
        Optional.empty(), Optional.empty(), Optional.empty(), Optional.empty());
  }

  /** Joins what is given. */
  public static AttachRequest of(Optional<Fd> input, Optional<Fd> output, Optional<Fd> error) {
    return new AttachRequest(input, output, error, Optional.empty());
  }

  public AttachRequest withDetachKeys(DetachKeys keys) {
    return new AttachRequest(input, output, error, Optional.of(keys));
  }

  /** Closes the descriptors; for a request that is not going to be used. */
  @Override
  public void close() {
    input.ifPresent(Fd::close);
    output.ifPresent(Fd::close);
    error.ifPresent(Fd::close);
  }
}

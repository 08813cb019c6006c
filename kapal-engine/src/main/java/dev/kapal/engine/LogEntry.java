package dev.kapal.engine;

import java.time.Instant;

/**
 * A line that a container printed.
 *
 * @param time when it was read from the container
 * @param stream which stream
 * @param line the bytes with their line end; without one when the container's last line has none,
 *     or when the line is longer than 1 MiB (the rest follows)
 */
@SuppressWarnings("ArrayRecordComponent") // bytes of a line: compared by nobody, copied by nobody
public record LogEntry(Instant time, Stream stream, byte[] line) {
  /** Streams of a process. */
  public enum Stream {
    STDOUT,
    STDERR
  }
}

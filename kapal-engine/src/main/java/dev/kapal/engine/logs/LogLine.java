package dev.kapal.engine.logs;

import dev.kapal.engine.LogEntry.Stream;
import java.time.Instant;

/**
 * One record of a log file: a line, or a piece of one.
 *
 * @param partial the line goes on with the next record of the stream
 */
@SuppressWarnings("ArrayRecordComponent") // bytes of a line: compared by nobody
record LogLine(Instant time, Stream stream, byte[] content, boolean partial) {}

package dev.kapal.engine.logs;

import dev.kapal.engine.LogEntry.Stream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Finds where the last lines of a log begin, reading from the end.
 *
 * <p>Pieces of a line of one stream may stand among lines of the other. The search goes back to the
 * end of the line before the wanted one on the same stream, and counts the lines of the other
 * stream that end in between: they are to be passed over.
 */
final class TailFinder {
  private static final int BLOCK = 64 * 1024;
  private static final int MAX_RECORD = 2 << 20;

  private final LogFormat format;
  private final long lines;
  private final Set<Stream> seen = EnumSet.noneOf(Stream.class);
  private long count;
  private Optional<Stream> first = Optional.empty();
  private long skip;

  private TailFinder(LogFormat format, long lines) {
    this.format = format;
    this.lines = lines;
  }

  /**
   * A place in a log.
   *
   * @param skip lines that end behind it and are not wanted
   */
  record Place(int file, long offset, long skip) {}

  /**
   * The place of the n-th last line; the beginning when there are fewer.
   *
   * @param files the oldest first
   */
  static Place find(List<Path> files, LogFormat format, long lines) throws IOException {
    TailFinder finder = new TailFinder(format, lines);
    for (int f = files.size() - 1; f >= 0; f--) {
      try (FileChannel c = FileChannel.open(files.get(f), StandardOpenOption.READ)) {
        long size = c.size();
        if (lines == 0) {
          return new Place(f, size, 0);
        }
        long found = finder.inFile(c, size);
        if (found >= 0) {
          return new Place(f, found, finder.skip);
        }
      } catch (NoSuchFileException e) {
        // What is older is older still: go on.
        System.getLogger(TailFinder.class.getName())
            .log(System.Logger.Level.DEBUG, "rotated away meanwhile", e);
      }
    }
    return new Place(0, 0, finder.skip);
  }

  /** Looks at the records of a file, the last one first. Returns the offset, or -1. */
  private long inFile(FileChannel c, long size) throws IOException {
    long position = size;
    byte[] rest = new byte[0];
    while (position > 0) {
      int n = (int) Math.min(BLOCK, position);
      position -= n;
      byte[] block = new byte[n + rest.length];
      read(c, block, n, position);
      System.arraycopy(rest, 0, block, n, rest.length);
      int end = block.length;
      for (int i = block.length - 1; i >= 0; i--) {
        if (block[i] == '\n') {
          if (record(block, i + 1, end)) {
            return position + end + 1;
          }
          end = i;
        }
      }
      if (position == 0) {
        return record(block, 0, end) ? end + 1 : -1;
      }
      if (end > MAX_RECORD) {
        return position;
      }
      rest = java.util.Arrays.copyOf(block, end);
    }
    return -1;
  }

  private static void read(FileChannel c, byte[] into, int n, long position) throws IOException {
    ByteBuffer buffer = ByteBuffer.wrap(into, 0, n);
    while (buffer.hasRemaining()) {
      if (c.read(buffer, position + buffer.position()) < 0) {
        return;
      }
    }
  }

  /** Takes a record into account. True: it is the end of the line before the first wanted one. */
  private boolean record(byte[] bytes, int from, int end) {
    Optional<LogLine> line = from < end ? format.parse(bytes, from, end - from) : Optional.empty();
    if (line.isEmpty()) {
      return false;
    }
    Stream stream = line.get().stream();
    boolean ends = !line.get().partial() || !seen.contains(stream);
    seen.add(stream);
    if (!ends) {
      return false;
    }
    if (count < lines) {
      count++;
      if (count == lines) {
        first = Optional.of(stream);
      }
      return false;
    }
    if (first.filter(stream::equals).isPresent()) {
      return true;
    }
    skip++;
    return false;
  }
}

package dev.kapal.engine.logs;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The records of a log with its rotated files, the oldest first, one after the other and on into
 * what is being written.
 *
 * <p>A file is known by its inode. When the one that is read has been rotated away (the path has
 * another inode), it is read to its end once more, since the writer renames before it opens the
 * next one, and then its successor is sought: the rotated file just younger, by inode, or the path
 * itself. No record is lost or seen twice, unless the writer has thrown away a file before it was
 * read.
 */
final class LogSource implements AutoCloseable {
  private static final int BUFFER = 64 * 1024;
  private static final int MAX_RECORD = 1 << 20;

  private final Path path;
  private final int maxFiles;
  private Optional<FileChannel> channel = Optional.empty();
  private Object key = "";
  private byte[] data = new byte[BUFFER];
  private int start;
  private int end;
  private boolean skipping;

  LogSource(Path path, int maxFiles) {
    this.path = path;
    this.maxFiles = Math.max(1, maxFiles);
  }

  /** All files that exist, the oldest first. */
  List<Path> files() {
    List<Path> all = new ArrayList<>();
    for (int i = maxFiles + 1; i >= 1; i--) {
      Path p = path.resolveSibling(path.getFileName() + "." + i);
      if (Files.exists(p)) {
        all.add(p);
      }
    }
    all.add(path);
    return all;
  }

  /** Begins with a file, at an offset. False: there is none such. */
  boolean open(Path file, long offset) throws IOException {
    close();
    try {
      FileChannel c = FileChannel.open(file, StandardOpenOption.READ);
      c.position(offset);
      channel = Optional.of(c);
      key = key(file).orElse("");
      return true;
    } catch (NoSuchFileException e) {
      return false;
    }
  }

  /** A record's bytes in {@link #buffer}, or empty when there is none for now. */
  Optional<Span> next() throws IOException {
    while (true) {
      for (int i = start; i < end; i++) {
        if (data[i] == '\n') {
          Span s = new Span(start, i - start);
          start = i + 1;
          if (skipping) {
            skipping = false;
          } else {
            return Optional.of(s);
          }
        }
      }
      if (!fill() && !follow()) {
        return Optional.empty();
      }
    }
  }

  /** Where a record lies in the buffer; good until the next call. */
  record Span(int offset, int length) {}

  byte[] buffer() {
    return data;
  }

  private boolean fill() throws IOException {
    if (channel.isEmpty()) {
      return false;
    }
    if (start > 0) {
      System.arraycopy(data, start, data, 0, end - start);
      end -= start;
      start = 0;
    }
    if (end == data.length) {
      if (data.length >= MAX_RECORD) {
        // No writer of ours makes such a line: it is passed over.
        skipping = true;
        end = 0;
      } else {
        data = java.util.Arrays.copyOf(data, data.length * 2);
      }
    }
    int n = channel.get().read(ByteBuffer.wrap(data, end, data.length - end));
    if (n <= 0) {
      return false;
    }
    end += n;
    return true;
  }

  /** Goes on to the next file, if the present one has been rotated away. */
  private boolean follow() throws IOException {
    if (channel.isEmpty()) {
      return open(path, 0);
    }
    Optional<Object> now = key(path);
    if (now.isEmpty() || now.get().equals(key)) {
      return false;
    }
    // Between the last read and the renaming something may have been written.
    if (fill()) {
      return true;
    }
    Path next = path;
    for (int i = 1; i <= maxFiles + 1; i++) {
      Path p = path.resolveSibling(path.getFileName() + "." + i);
      Optional<Object> k = key(p);
      if (k.isEmpty()) {
        break;
      }
      if (k.get().equals(key)) {
        break;
      }
      next = p;
    }
    // Nothing of a half-written record is to be expected any more.
    start = 0;
    end = 0;
    return open(next, 0);
  }

  private static Optional<Object> key(Path p) {
    try {
      return Optional.ofNullable(Files.readAttributes(p, BasicFileAttributes.class).fileKey());
    } catch (IOException e) {
      return Optional.empty();
    }
  }

  @Override
  public void close() throws IOException {
    if (channel.isPresent()) {
      channel.get().close();
      channel = Optional.empty();
    }
  }
}

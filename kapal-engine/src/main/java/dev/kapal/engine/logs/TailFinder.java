package dev.kapal.engine.logs;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;

/** Finds where the last lines of a log begin, reading from the end. */
final class TailFinder {
  private static final int BLOCK = 64 * 1024;

  private TailFinder() {}

  /** A place in a log. */
  record Place(int file, long offset) {}

  /**
   * The place of the n-th last whole line; the beginning when there are fewer.
   *
   * @param files the oldest first
   */
  static Place find(List<Path> files, LogFormat format, long lines) throws IOException {
    long left = lines;
    for (int f = files.size() - 1; f >= 0; f--) {
      try (FileChannel c = FileChannel.open(files.get(f), StandardOpenOption.READ)) {
        long end = c.size();
        if (left == 0) {
          return new Place(f, end);
        }
        long found = inFile(c, end, format, left);
        if (found >= 0) {
          return new Place(f, found);
        }
        left += found + 1;
      } catch (NoSuchFileException e) {
        // Rotated away meanwhile: what is older is older still.
      }
    }
    return new Place(0, 0);
  }

  /**
   * Counts whole lines backwards. Returns the offset of the n-th, or minus one minus the number of
   * lines that the file has.
   */
  private static long inFile(FileChannel c, long size, LogFormat format, long lines)
      throws IOException {
    long position = size;
    byte[] tail = new byte[0];
    long count = 0;
    boolean firstRecord = true;
    while (position > 0 || tail.length > 0) {
      int n = (int) Math.min(BLOCK, position);
      byte[] block = new byte[n + tail.length];
      position -= n;
      ByteBuffer into = ByteBuffer.wrap(block, 0, n);
      while (into.hasRemaining()) {
        if (c.read(into, position + into.position()) < 0) {
          break;
        }
      }
      System.arraycopy(tail, 0, block, n, tail.length);
      int end = block.length;
      for (int i = block.length - 1; i >= 0; i--) {
        if (block[i] != '\n' && !(i == 0 && position == 0)) {
          continue;
        }
        int from = block[i] == '\n' ? i + 1 : i;
        if (from < end) {
          // A record that ends a line, and does not go on, is the end of a line before it.
          boolean whole =
              format.parse(block, from, end - from).map(l -> !l.partial()).orElse(false);
          if (whole) {
            if (count == lines) {
              return position + end + 1;
            }
            count++;
          } else if (firstRecord) {
            count++;
          }
          firstRecord = false;
        }
        end = i;
      }
      if (position == 0) {
        return count >= lines ? 0 : -1 - count;
      }
      tail = java.util.Arrays.copyOf(block, end + (end < block.length ? 1 : 0));
      if (tail.length > 2 << 20) {
        return position;
      }
    }
    return count >= lines ? 0 : -1 - count;
  }
}

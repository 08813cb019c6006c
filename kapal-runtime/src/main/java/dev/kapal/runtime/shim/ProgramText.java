package dev.kapal.runtime.shim;

import static dev.kapal.linux.Fcntl.O_CLOEXEC;
import static dev.kapal.linux.Fcntl.O_RDONLY;

import dev.kapal.linux.ErrnoException;
import dev.kapal.linux.Fd;
import dev.kapal.linux.Linux;
import dev.kapal.linux.Stat;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** A message that a program has or has not, by which its release is known. */
final class ProgramText {
  private static final int BLOCK = 1 << 20;
  private static final long MOST = 1L << 30;

  private final byte[] text;
  private final Map<String, Boolean> known = new ConcurrentHashMap<>();

  ProgramText(String text) {
    this.text = text.getBytes(StandardCharsets.US_ASCII);
  }

  /** Whether it is in a program; false if that cannot be read. Each file is read once. */
  boolean in(Linux linux, Path program) {
    try (Fd file = linux.descriptors().open(program.toString(), O_RDONLY | O_CLOEXEC)) {
      Stat stat = linux.descriptors().fstat(file);
      String state = stat.dev() + " " + stat.ino() + " " + stat.size() + " " + stat.mtime();
      return known.computeIfAbsent(state, _ -> found(linux, file));
    } catch (ErrnoException e) {
      return false;
    }
  }

  private boolean found(Linux linux, Fd file) {
    byte[] block = new byte[BLOCK];
    int kept = 0;
    for (long at = 0; at < MOST; ) {
      int got = linux.descriptors().pread(file, block, kept, BLOCK - kept, at);
      if (got <= 0) {
        return false;
      }
      if (indexOf(block, kept + got)) {
        return true;
      }
      at += got;
      int tail = Math.min(text.length - 1, kept + got);
      System.arraycopy(block, kept + got - tail, block, 0, tail);
      kept = tail;
    }
    return false;
  }

  private boolean indexOf(byte[] block, int length) {
    for (int i = 0; i + text.length <= length; i++) {
      if (block[i] == text[0] && matches(block, i)) {
        return true;
      }
    }
    return false;
  }

  private boolean matches(byte[] block, int at) {
    for (int i = 1; i < text.length; i++) {
      if (block[at + i] != text[i]) {
        return false;
      }
    }
    return true;
  }
}

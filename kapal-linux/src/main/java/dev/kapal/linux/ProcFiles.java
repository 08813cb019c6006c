package dev.kapal.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Optional;

/** Small files of the kernel, read whole in as few calls as possible. */
final class ProcFiles {
  private static final int FIRST = 8192;
  private static final int LIMIT = 64 << 20;

  private ProcFiles() {}

  /** The content, lossless in the form of {@link PathBytes}. */
  static String text(String path) {
    return textAt(Fd.CWD, path);
  }

  static String textAt(Fd directory, String path) {
    byte[] bytes = bytesAt(directory, path);
    return PathBytes.decode(bytes);
  }

  /** Empty when there is no such file or process. */
  static Optional<String> textIfExists(String path) {
    return textIfExistsAt(Fd.CWD, path);
  }

  static Optional<String> textIfExistsAt(Fd directory, String path) {
    try {
      return Optional.of(textAt(directory, path));
    } catch (ErrnoException e) {
      if (e.is(Errno.ENOENT, Errno.ESRCH, Errno.ENOTDIR)) {
        return Optional.empty();
      }
      throw e;
    }
  }

  static byte[] bytesAt(Fd directory, String path) {
    try (Arena arena = Arena.ofConfined()) {
      long opened =
          Sys.call(
              Nr.OPENAT,
              directory.number(),
              Sys.path(arena, path),
              Fcntl.O_RDONLY | Fcntl.O_CLOEXEC | Fcntl.O_NOCTTY);
      int fd = (int) Sys.check(opened, "open", path);
      try {
        return readAll(arena, fd, path);
      } finally {
        Sys.close(fd);
      }
    }
  }

  private static byte[] readAll(Arena arena, int fd, String path) {
    MemorySegment buffer = arena.allocate(FIRST);
    byte[] all = new byte[0];
    int length = 0;
    while (true) {
      long n = Sys.check(Sys.call(Nr.READ, fd, buffer.address(), FIRST), "read", path);
      if (n == 0) {
        return length == all.length ? all : Arrays.copyOf(all, length);
      }
      if (length + n > LIMIT) {
        throw new ErrnoException("read", path, Errno.EFBIG);
      }
      if (length + n > all.length) {
        all = Arrays.copyOf(all, Math.max(length + (int) n, all.length * 2));
      }
      MemorySegment.copy(buffer, ValueLayout.JAVA_BYTE, 0, all, length, (int) n);
      length += (int) n;
    }
  }

  /** Writes a small value with one call, as control files want it. */
  static void writeAt(Fd directory, String path, String value) {
    byte[] bytes = value.getBytes(StandardCharsets.UTF_8);
    try (Arena arena = Arena.ofConfined()) {
      long opened =
          Sys.call(
              Nr.OPENAT,
              directory.number(),
              Sys.path(arena, path),
              Fcntl.O_WRONLY | Fcntl.O_CLOEXEC | Fcntl.O_NOCTTY);
      int fd = (int) Sys.check(opened, "open", path);
      try {
        long address = Sys.bytes(arena, bytes, 1).address();
        Sys.check(Sys.call(Nr.WRITE, fd, address, bytes.length), "write " + value + " to", path);
      } finally {
        Sys.close(fd);
      }
    }
  }

  /** The value of a line "FIELD: value". */
  static Optional<String> field(String text, String field) {
    String start = field + ":";
    return text.lines()
        .filter(line -> line.startsWith(start))
        .findFirst()
        .map(line -> line.substring(start.length()).strip());
  }
}

package dev.kapal.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Extended attributes. The kernel refuses O_PATH descriptors with EBADF; their magic link names the
 * same inode, a symbolic link itself included.
 */
final class Xattrs {
  private static final int FIRST = 512;

  private Xattrs() {}

  static Optional<byte[]> get(Fd fd, String name) {
    try (Arena arena = Arena.ofConfined()) {
      long key = Sys.path(arena, name);
      long size = FIRST;
      while (true) {
        MemorySegment buffer = arena.allocate(size);
        long n = either(arena, Nr.FGETXATTR, Nr.GETXATTR, fd, key, buffer.address(), size, 0);
        if (Sys.failedWith(n, Errno.ENODATA) || Sys.failedWith(n, Errno.EOPNOTSUPP)) {
          return Optional.empty();
        }
        if (!Sys.failedWith(n, Errno.ERANGE)) {
          Sys.check(n, "getxattr", () -> name + " of " + fd);
          return Optional.of(FileContents.copyOut(buffer, (int) n));
        }
        // It may grow between two calls.
        size = Math.max(size, either(arena, Nr.FGETXATTR, Nr.GETXATTR, fd, key, 0, 0, 0));
      }
    }
  }

  static void set(Fd fd, String name, byte[] value, int flags) {
    try (Arena arena = Arena.ofConfined()) {
      long data = Sys.bytes(arena, value, 1).address();
      long key = Sys.path(arena, name);
      long result = either(arena, Nr.FSETXATTR, Nr.SETXATTR, fd, key, data, value.length, flags);
      Sys.check(result, "setxattr", () -> name + " of " + fd);
    }
  }

  static List<String> list(Fd fd) {
    try (Arena arena = Arena.ofConfined()) {
      long size = FIRST;
      while (true) {
        MemorySegment buffer = arena.allocate(size);
        long n = either(arena, Nr.FLISTXATTR, Nr.LISTXATTR, fd, buffer.address(), size, 0, 0);
        if (Sys.failedWith(n, Errno.EOPNOTSUPP)) {
          return List.of();
        }
        if (!Sys.failedWith(n, Errno.ERANGE)) {
          Sys.check(n, "listxattr", fd::toString);
          return names(FileContents.copyOut(buffer, (int) n));
        }
        size = Math.max(size, either(arena, Nr.FLISTXATTR, Nr.LISTXATTR, fd, 0, 0, 0, 0));
      }
    }
  }

  static void remove(Fd fd, String name) {
    try (Arena arena = Arena.ofConfined()) {
      long key = Sys.path(arena, name);
      long result = either(arena, Nr.FREMOVEXATTR, Nr.REMOVEXATTR, fd, key, 0, 0, 0);
      Sys.check(result, "removexattr", () -> name + " of " + fd);
    }
  }

  private static long either(
      Arena arena, long byFd, long byPath, Fd fd, long b, long c, long d, long e) {
    long result = Sys.call(byFd, fd.number(), b, c, d, e, 0);
    return Sys.failedWith(result, Errno.EBADF)
        ? Sys.call(byPath, Sys.path(arena, fd.procPath()), b, c, d, e, 0)
        : result;
  }

  private static List<String> names(byte[] bytes) {
    List<String> names = new ArrayList<>();
    int start = 0;
    for (int i = 0; i < bytes.length; i++) {
      if (bytes[i] == 0) {
        names.add(PathBytes.decode(bytes, start, i - start));
        start = i + 1;
      }
    }
    return names;
  }
}

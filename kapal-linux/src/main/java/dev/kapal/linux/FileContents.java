package dev.kapal.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.ref.Reference;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Objects;

/** Reading and writing. */
final class FileContents {
  /** A byte[] travels through native memory; more than this at once would only cost memory. */
  private static final int CHUNK = 256 << 10;

  private FileContents() {}

  static long position(long position) {
    if (position < 0) {
      throw new IllegalArgumentException("a negative position: " + position);
    }
    return position;
  }

  static MemorySegment direct(ByteBuffer buffer) {
    if (!buffer.isDirect()) {
      throw new IllegalArgumentException("a direct buffer is needed");
    }
    return MemorySegment.ofBuffer(buffer);
  }

  /** A position below 0 means where the descriptor stands. */
  static long transfer(long number, String call, Fd fd, MemorySegment memory, long position) {
    if (!memory.isNative()) {
      throw new IllegalArgumentException("native memory is needed");
    }
    try {
      return Sys.check(
          Sys.call(number, fd.number(), memory.address(), memory.byteSize(), Math.max(position, 0)),
          call,
          fd::toString);
    } finally {
      // Only its address went down: the collector must not free it meanwhile.
      Reference.reachabilityFence(memory);
    }
  }

  static int read(Fd fd, byte[] buffer, int offset, int length, long position) {
    Objects.checkFromIndexSize(offset, length, buffer.length);
    int size = Math.min(length, CHUNK);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment memory = arena.allocate(Math.max(size, 1)).asSlice(0, size);
      long n =
          position < 0
              ? transfer(Nr.READ, "read", fd, memory, -1)
              : transfer(Nr.PREAD64, "pread", fd, memory, position);
      MemorySegment.copy(memory, ValueLayout.JAVA_BYTE, 0, buffer, offset, (int) n);
      return (int) n;
    }
  }

  static int write(Fd fd, byte[] buffer, int offset, int length, long position) {
    Objects.checkFromIndexSize(offset, length, buffer.length);
    int size = Math.min(length, CHUNK);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment memory = arena.allocate(Math.max(size, 1)).asSlice(0, size);
      MemorySegment.copy(buffer, offset, memory, ValueLayout.JAVA_BYTE, 0, size);
      long n =
          position < 0
              ? transfer(Nr.WRITE, "write", fd, memory, -1)
              : transfer(Nr.PWRITE64, "pwrite", fd, memory, position);
      return (int) n;
    }
  }

  static byte[] readFully(Fd fd, int limit) {
    byte[] all = new byte[Math.min(limit, 8192)];
    int length = 0;
    while (true) {
      if (length == all.length && length < limit) {
        all = Arrays.copyOf(all, (int) Math.min(limit, all.length * 2L));
      }
      if (length == all.length) {
        if (read(fd, new byte[1], 0, 1, -1) != 0) {
          throw new ErrnoException("read", fd.toString(), Errno.EFBIG);
        }
        return all;
      }
      int n = read(fd, all, length, all.length - length, -1);
      if (n == 0) {
        return Arrays.copyOf(all, length);
      }
      length += n;
    }
  }

  static byte[] copyOut(MemorySegment memory, int length) {
    byte[] bytes = new byte[length];
    MemorySegment.copy(memory, ValueLayout.JAVA_BYTE, 0, bytes, 0, length);
    return bytes;
  }

  static long copy(Fd from, Fd to, long length) {
    long n = Sys.call(Nr.COPY_FILE_RANGE, from.number(), 0, to.number(), 0, length, 0);
    if (n > 0 || (n < 0 && !copyNeedsOtherWay(n))) {
      return Sys.check(n, "copy_file_range", to::toString);
    }
    // 0 may be the end, or a file of /proc whose size is not known.
    if (n < 0) {
      n = Sys.call(Nr.SENDFILE, to.number(), from.number(), 0, length);
      if (n >= 0 || !Sys.failedWith(n, Errno.EINVAL)) {
        return Sys.check(n, "sendfile", to::toString);
      }
    }
    return copyByHand(from, to, length);
  }

  private static boolean copyNeedsOtherWay(long result) {
    return switch ((int) -result) {
      // EXDEV before 5.3 and since 5.19; EPERM from the filters of old container engines.
      case 1, 18, 22, 38, 95 -> true;
      default -> false;
    };
  }

  private static long copyByHand(Fd from, Fd to, long length) {
    byte[] buffer = new byte[(int) Math.min(length, 64 << 10)];
    int n = read(from, buffer, 0, buffer.length, -1);
    int done = 0;
    while (done < n) {
      done += write(to, buffer, done, n - done, -1);
    }
    return n;
  }
}

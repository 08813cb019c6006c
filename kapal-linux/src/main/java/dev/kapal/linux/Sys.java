package dev.kapal.linux;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.invoke.MethodHandle;
import java.util.function.Supplier;

/**
 * The one door to the kernel: syscall(2) of the C library, bound once. One handle for all calls
 * keeps start-up short, makes calls possible that an old C library has no function for, and needs
 * no layouts of the C library's own. Pointers travel as addresses; the arena that they belong to
 * must stay open until the call is over.
 */
final class Sys {
  private static final Linker LINKER = Linker.nativeLinker();
  private static final StructLayout CAPTURE = Linker.Option.captureStateLayout();
  private static final long ERRNO_OFFSET =
      CAPTURE.byteOffset(StructLayout.PathElement.groupElement("errno"));
  private static final MethodHandle SYSCALL =
      LINKER.downcallHandle(
          LINKER.defaultLookup().findOrThrow("syscall"),
          FunctionDescriptor.of(
              JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG,
              JAVA_LONG),
          Linker.Option.captureCallState("errno"),
          Linker.Option.firstVariadicArg(1));

  private Sys() {}

  /**
   * Where errno goes, one for each thread: allocating four bytes for each call would take longer
   * than the call. A virtual thread has its own.
   */
  private static final ThreadLocal<MemorySegment> STATE =
      ThreadLocal.withInitial(() -> Arena.ofAuto().allocate(CAPTURE));

  private static final long EMPTY = Arena.global().allocate(8).address();

  /** Calls and returns the result, or -errno. Not repeated on EINTR. */
  static long raw(long number, long a, long b, long c, long d, long e, long f) {
    MemorySegment state = STATE.get();
    long result;
    try {
      result = (long) SYSCALL.invokeExact(state, number, a, b, c, d, e, f);
    } catch (RuntimeException | Error thrown) {
      throw thrown;
    } catch (Throwable impossible) {
      throw new IllegalStateException(impossible);
    }
    return result == -1 ? -state.get(JAVA_INT, ERRNO_OFFSET) : result;
  }

  /** As {@link #raw}, repeated on EINTR. */
  static long call(long number, long a, long b, long c, long d, long e, long f) {
    long result;
    do {
      result = raw(number, a, b, c, d, e, f);
    } while (result == -4);
    return result;
  }

  static long call(long number, long a, long b, long c, long d) {
    return call(number, a, b, c, d, 0, 0);
  }

  static long call(long number, long a, long b, long c) {
    return call(number, a, b, c, 0, 0, 0);
  }

  /** Passes a result on, or throws what it says. */
  static long check(long result, String call, String target) {
    if (result < 0) {
      throw failure(result, call, target);
    }
    return result;
  }

  /** As the other one, for targets that are dear to describe. */
  static long check(long result, String call, Supplier<String> target) {
    if (result < 0) {
      throw failure(result, call, target.get());
    }
    return result;
  }

  static ErrnoException failure(long result, String call, String target) {
    return new ErrnoException(call, target, Errno.of((int) -result));
  }

  static boolean failedWith(long result, Errno errno) {
    return result == -errno.number();
  }

  /** The address of a NUL-terminated copy of a path in the form of {@link PathBytes}. */
  static long path(Arena arena, String path) {
    return path.isEmpty() ? EMPTY : bytes(arena, PathBytes.encode(path), 1).address();
  }

  /** A copy in native memory, with some zeros behind it. */
  static MemorySegment bytes(Arena arena, byte[] bytes, int zeros) {
    MemorySegment segment = arena.allocate(bytes.length + (long) zeros);
    MemorySegment.copy(bytes, 0, segment, java.lang.foreign.ValueLayout.JAVA_BYTE, 0, bytes.length);
    return segment;
  }

  /** close(2), once: Linux has closed the descriptor whatever it returns. */
  static void close(int number) {
    raw(Nr.CLOSE, number, 0, 0, 0, 0, 0);
  }

  /** The lowest free number from {@code minimum} on, close-on-exec. */
  static int duplicate(int number, int minimum) {
    return (int)
        check(call(Nr.FCNTL, number, 1030, minimum), "fcntl(F_DUPFD_CLOEXEC)", "fd " + number);
  }
}

package dev.kapal.linux;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** struct statx: unlike struct stat the same on every architecture. Linux 4.11. */
final class StatxBuffer {
  static final long SIZE = 256;
  private static final int BASIC_STATS = 0x7ff;

  private StatxBuffer() {}

  static long call(Arena arena, MemorySegment buffer, int directory, String path, int flags) {
    return Sys.call(
        Nr.STATX,
        directory,
        Sys.path(arena, path),
        flags | Fcntl.AT_NO_AUTOMOUNT,
        BASIC_STATS,
        buffer.address(),
        0);
  }

  static Stat read(MemorySegment s) {
    return new Stat(
        new Device(s.get(JAVA_INT, 136), s.get(JAVA_INT, 140)),
        s.get(JAVA_LONG, 32),
        s.get(JAVA_SHORT, 28) & 0xffff,
        Integer.toUnsignedLong(s.get(JAVA_INT, 16)),
        Integer.toUnsignedLong(s.get(JAVA_INT, 20)),
        Integer.toUnsignedLong(s.get(JAVA_INT, 24)),
        new Device(s.get(JAVA_INT, 128), s.get(JAVA_INT, 132)),
        s.get(JAVA_LONG, 40),
        s.get(JAVA_LONG, 48),
        s.get(JAVA_INT, 4),
        time(s, 64),
        time(s, 112),
        time(s, 96));
  }

  private static Timespec time(MemorySegment s, long offset) {
    return new Timespec(
        s.get(JAVA_LONG, offset), Integer.toUnsignedLong(s.get(JAVA_INT, offset + 8)));
  }
}

package dev.kapal.linux;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** struct sockaddr_un in native memory. */
record UnixAddress(long pointer, int length) {
  private static final int PATH_SIZE = 108;

  static UnixAddress path(Arena arena, String path, String target) {
    return of(arena, PathBytes.encode(path), 0, target);
  }

  static UnixAddress abstractName(Arena arena, String name) {
    return of(arena, PathBytes.encode(name), 1, "@" + name);
  }

  private static UnixAddress of(Arena arena, byte[] name, int from, String target) {
    // A path is followed by a NUL; an abstract name is preceded by one and ends with the length.
    if (name.length + 1 > PATH_SIZE) {
      throw new ErrnoException("address of", target, Errno.ENAMETOOLONG);
    }
    MemorySegment address = arena.allocate(2 + PATH_SIZE, 2);
    address.set(JAVA_SHORT, 0, (short) 1);
    MemorySegment.copy(name, 0, address, JAVA_BYTE, 2 + from, name.length);
    return new UnixAddress(address.address(), 2 + name.length + 1);
  }
}

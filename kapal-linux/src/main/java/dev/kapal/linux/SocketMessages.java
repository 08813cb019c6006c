package dev.kapal.linux;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/** sendmsg(2) and recvmsg(2) with SCM_RIGHTS; struct msghdr and cmsghdr of 64-bit machines. */
final class SocketMessages {
  private static final int MSGHDR = 56;
  private static final int CMSGHDR = 16;
  private static final int SOL_SOCKET = 1;
  private static final int SCM_RIGHTS = 1;
  private static final int SCM_MAX_FD = 253;
  private static final int MSG_CTRUNC = 0x8;
  private static final int MSG_TRUNC = 0x20;
  private static final int MSG_NOSIGNAL = 0x4000;
  private static final int MSG_CMSG_CLOEXEC = 0x40000000;

  private SocketMessages() {}

  static int send(Fd socket, byte[] buffer, int offset, int length, List<Fd> descriptors) {
    Objects.checkFromIndexSize(offset, length, buffer.length);
    if (descriptors.size() > SCM_MAX_FD || (length == 0 && !descriptors.isEmpty())) {
      throw new IllegalArgumentException(
          "a message carries 0 to 253 descriptors and then at least one byte, not "
              + descriptors.size()
              + " with "
              + length);
    }
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment data = arena.allocate(Math.max(1, length));
      MemorySegment.copy(buffer, offset, data, JAVA_BYTE, 0, length);
      MemorySegment header = header(arena, data, length);
      if (!descriptors.isEmpty()) {
        attach(arena, header, descriptors);
      }
      return (int)
          Sys.check(
              Sys.call(Nr.SENDMSG, socket.number(), header.address(), MSG_NOSIGNAL),
              "sendmsg",
              socket::toString);
    }
  }

  private static MemorySegment header(Arena arena, MemorySegment data, int length) {
    MemorySegment iovec = arena.allocate(16, 8);
    iovec.set(JAVA_LONG, 0, data.address());
    iovec.set(JAVA_LONG, 8, length);
    MemorySegment header = arena.allocate(MSGHDR, 8);
    header.set(JAVA_LONG, 16, iovec.address());
    header.set(JAVA_LONG, 24, 1);
    return header;
  }

  private static void attach(Arena arena, MemorySegment header, List<Fd> descriptors) {
    long length = CMSGHDR + 4L * descriptors.size();
    MemorySegment control = arena.allocate(align(length), 8);
    control.set(JAVA_LONG, 0, length);
    control.set(JAVA_INT, 8, SOL_SOCKET);
    control.set(JAVA_INT, 12, SCM_RIGHTS);
    for (int i = 0; i < descriptors.size(); i++) {
      control.set(JAVA_INT, CMSGHDR + 4L * i, descriptors.get(i).number());
    }
    header.set(JAVA_LONG, 32, control.address());
    header.set(JAVA_LONG, 40, control.byteSize());
  }

  static Sockets.Received receive(
      Fd socket, byte[] buffer, int offset, int length, int maxDescriptors) {
    Objects.checkFromIndexSize(offset, length, buffer.length);
    if (maxDescriptors < 0 || maxDescriptors > SCM_MAX_FD) {
      throw new IllegalArgumentException("0 to 253 descriptors, not " + maxDescriptors);
    }
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment data = arena.allocate(Math.max(1, length));
      MemorySegment header = header(arena, data, length);
      // Exactly as long as needed: the kernel fills padding with one descriptor more, and closes
      // whatever does not fit.
      long controlLength = maxDescriptors == 0 ? 0 : CMSGHDR + 4L * maxDescriptors;
      MemorySegment control = arena.allocate(align(controlLength) + 8, 8);
      header.set(JAVA_LONG, 32, controlLength == 0 ? 0 : control.address());
      header.set(JAVA_LONG, 40, controlLength);
      int n =
          (int)
              Sys.check(
                  Sys.call(Nr.RECVMSG, socket.number(), header.address(), MSG_CMSG_CLOEXEC),
                  "recvmsg",
                  socket::toString);
      List<Fd> descriptors = descriptors(control, header.get(JAVA_LONG, 40));
      MemorySegment.copy(data, JAVA_BYTE, 0, buffer, offset, n);
      int flags = header.get(JAVA_INT, 48);
      return new Sockets.Received(
          n, List.copyOf(descriptors), (flags & (MSG_CTRUNC | MSG_TRUNC)) != 0);
    }
  }

  private static List<Fd> descriptors(MemorySegment control, long length) {
    List<Fd> descriptors = new ArrayList<>();
    for (long at = 0; at + CMSGHDR <= length; ) {
      long size = control.get(JAVA_LONG, at);
      if (size < CMSGHDR || at + size > length) {
        break;
      }
      if (control.get(JAVA_INT, at + 8) == SOL_SOCKET
          && control.get(JAVA_INT, at + 12) == SCM_RIGHTS) {
        for (long i = at + CMSGHDR; i + 4 <= at + size; i += 4) {
          descriptors.add(Fd.of(control.get(JAVA_INT, i)));
        }
      }
      at += align(size);
    }
    return descriptors;
  }

  private static long align(long size) {
    return (size + 7) & ~7L;
  }
}

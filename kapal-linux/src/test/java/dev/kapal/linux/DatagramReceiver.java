package dev.kapal.linux;

import java.lang.foreign.Arena;

/** What systemd is to sd_notify. */
final class DatagramReceiver {
  private DatagramReceiver() {}

  static Fd bind(String path) {
    try (Arena arena = Arena.ofConfined()) {
      return bind(UnixAddress.path(arena, path, path));
    }
  }

  static Fd bindAbstract(String name) {
    try (Arena arena = Arena.ofConfined()) {
      return bind(UnixAddress.abstractName(arena, name));
    }
  }

  private static Fd bind(UnixAddress address) {
    int kind = SocketType.DATAGRAM.number() | 0x80000;
    Fd fd = Fd.of((int) Sys.check(Sys.call(Nr.SOCKET, 1, kind, 0), "socket", ""));
    Sys.check(Sys.call(Nr.BIND, fd.number(), address.pointer(), address.length()), "bind", "");
    return fd;
  }
}

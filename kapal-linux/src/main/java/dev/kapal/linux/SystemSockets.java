package dev.kapal.linux;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The real sockets. */
final class SystemSockets implements Sockets {
  private static final int AF_UNIX = 1;
  private static final int SOL_SOCKET = 1;
  private static final int SO_PEERCRED = 17;
  private static final int SO_RCVTIMEO = 20;
  private static final int SO_SNDTIMEO = 21;
  private static final int SOCK_CLOEXEC = 0x80000;
  private static final int BACKLOG = 4096;
  private static final int FIRST_INHERITED = 3;

  @Override
  public Pair socketpair(SocketType type) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment fds = arena.allocate(8, 4);
      int kind = type.number() | SOCK_CLOEXEC;
      Sys.check(Sys.call(Nr.SOCKETPAIR, AF_UNIX, kind, 0, fds.address()), "socketpair", "");
      return new Pair(Fd.of(fds.get(JAVA_INT, 0)), Fd.of(fds.get(JAVA_INT, 4)));
    }
  }

  @Override
  public Fd listen(Fd directory, String path, SocketType type, int mode) {
    int slash = path.lastIndexOf('/');
    String parent = slash < 0 ? "." : slash == 0 ? "/" : path.substring(0, slash);
    String name = path.substring(slash + 1);
    Fd socket = socket(type);
    boolean listening = false;
    try (Fd folder = openPath(directory, parent)) {
      // bind(2) gives the inode the mode of the socket (and takes the umask off).
      Sys.check(Sys.call(Nr.FCHMOD, socket.number(), mode, 0), "fchmod", path);
      try (Arena arena = Arena.ofConfined()) {
        UnixAddress address = UnixAddress.path(arena, folder.procPath() + "/" + name, path);
        Sys.check(
            Sys.call(Nr.BIND, socket.number(), address.pointer(), address.length()), "bind", path);
        bound(arena, socket, folder, name, mode, path);
      }
      listening = true;
      return socket;
    } finally {
      if (!listening) {
        socket.close();
      }
    }
  }

  private static void bound(Arena arena, Fd socket, Fd folder, String name, int mode, String path) {
    long file = Sys.path(arena, name);
    boolean done = false;
    try {
      Sys.check(Sys.call(Nr.FCHMODAT, folder.number(), file, mode), "chmod", path);
      Sys.check(Sys.call(Nr.LISTEN, socket.number(), BACKLOG, 0), "listen", path);
      done = true;
    } finally {
      if (!done) {
        Sys.call(Nr.UNLINKAT, folder.number(), file, 0);
      }
    }
  }

  @Override
  public Fd connect(Fd directory, String path, SocketType type) {
    try (Fd inode = openPath(directory, path);
        Arena arena = Arena.ofConfined()) {
      return connect(type, UnixAddress.path(arena, inode.procPath(), path), path);
    }
  }

  @Override
  public Fd connectAbstract(String name, SocketType type) {
    try (Arena arena = Arena.ofConfined()) {
      return connect(type, UnixAddress.abstractName(arena, name), "@" + name);
    }
  }

  private static Fd connect(SocketType type, UnixAddress address, String target) {
    Fd socket = socket(type);
    // Not repeated after EINTR: a connection to a unix socket that was interrupted was not made.
    long result = Sys.call(Nr.CONNECT, socket.number(), address.pointer(), address.length());
    if (result < 0) {
      socket.close();
    }
    Sys.check(result, "connect", target);
    return socket;
  }

  private static Fd socket(SocketType type) {
    long result = Sys.call(Nr.SOCKET, AF_UNIX, type.number() | SOCK_CLOEXEC, 0);
    return Fd.of((int) Sys.check(result, "socket", type::name));
  }

  private static Fd openPath(Fd directory, String path) {
    long result = SystemDescriptors.tryOpenat(directory.number(), path, Fcntl.O_PATH, 0);
    return Fd.of((int) Sys.check(result, "open", path));
  }

  @Override
  public Fd accept(Fd listener) {
    long result;
    do {
      result = Sys.call(Nr.ACCEPT4, listener.number(), 0, 0, SOCK_CLOEXEC);
    } while (Sys.failedWith(result, Errno.ECONNABORTED));
    return Fd.of((int) Sys.check(result, "accept", listener::toString));
  }

  @Override
  public int send(Fd socket, byte[] buffer, int offset, int length, List<Fd> descriptors) {
    return SocketMessages.send(socket, buffer, offset, length, descriptors);
  }

  @Override
  public Received receive(Fd socket, byte[] buffer, int offset, int length, int maxDescriptors) {
    return SocketMessages.receive(socket, buffer, offset, length, maxDescriptors);
  }

  @Override
  public Credentials peerCredentials(Fd socket) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment ucred = arena.allocate(12, 4);
      MemorySegment length = arena.allocateFrom(JAVA_INT, 12);
      Sys.check(
          Sys.call(
              Nr.GETSOCKOPT,
              socket.number(),
              SOL_SOCKET,
              SO_PEERCRED,
              ucred.address(),
              length.address(),
              0),
          "getsockopt(SO_PEERCRED)",
          socket::toString);
      return new Credentials(
          ucred.get(JAVA_INT, 0),
          Integer.toUnsignedLong(ucred.get(JAVA_INT, 4)),
          Integer.toUnsignedLong(ucred.get(JAVA_INT, 8)));
    }
  }

  @Override
  public void shutdown(Fd socket, boolean reading, boolean writing) {
    if (!reading && !writing) {
      return;
    }
    int how = reading && writing ? 2 : reading ? 0 : 1;
    Sys.check(Sys.call(Nr.SHUTDOWN, socket.number(), how, 0), "shutdown", socket::toString);
  }

  @Override
  public void receiveTimeout(Fd socket, Duration timeout) {
    timeout(socket, SO_RCVTIMEO, timeout);
  }

  @Override
  public void sendTimeout(Fd socket, Duration timeout) {
    timeout(socket, SO_SNDTIMEO, timeout);
  }

  private static void timeout(Fd socket, int option, Duration timeout) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment time = arena.allocate(16, 8);
      time.set(JAVA_LONG, 0, timeout.getSeconds());
      // Less than a microsecond would mean: never.
      time.set(JAVA_LONG, 8, (timeout.getNano() + 999) / 1000);
      Sys.check(
          Sys.call(Nr.SETSOCKOPT, socket.number(), SOL_SOCKET, option, time.address(), 16, 0),
          "setsockopt",
          socket::toString);
    }
  }

  @Override
  public void nonBlocking(Fd socket, boolean on) {
    long flags =
        Sys.check(Sys.call(Nr.FCNTL, socket.number(), 3, 0), "fcntl(F_GETFL)", socket::toString);
    long wanted = on ? flags | Fcntl.O_NONBLOCK : flags & ~Fcntl.O_NONBLOCK;
    Sys.check(Sys.call(Nr.FCNTL, socket.number(), 4, wanted), "fcntl(F_SETFL)", socket::toString);
  }

  @Override
  public List<Inherited> inherited() {
    List<Inherited> sockets = new ArrayList<>();
    List<Optional<String>> names =
        SystemdSockets.names(System.getenv(), ProcessHandle.current().pid());
    for (int i = 0; i < names.size(); i++) {
      int number = FIRST_INHERITED + i;
      // F_SETFD, FD_CLOEXEC
      Sys.check(Sys.call(Nr.FCNTL, number, 2, 1), "fcntl(F_SETFD)", "fd " + number);
      sockets.add(new Inherited(Fd.of(number), names.get(i)));
    }
    return sockets;
  }

  @Override
  public boolean notify(String state) {
    String address = System.getenv("NOTIFY_SOCKET");
    if (address == null || address.isEmpty()) {
      return false;
    }
    notify(address, state);
    return true;
  }

  @Override
  public void notify(String address, String state) {
    try (Fd socket =
        address.startsWith("@")
            ? connectAbstract(address.substring(1), SocketType.DATAGRAM)
            : connect(Fd.CWD, address, SocketType.DATAGRAM)) {
      send(socket, PathBytes.encode(state), List.of());
    }
  }
}

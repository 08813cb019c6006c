package dev.kapal.linux;

import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * Unix sockets with descriptor passing and peer credentials. All throw {@link ErrnoException}.
 * Calls that wait block their (platform) thread: not for virtual threads.
 */
public interface Sockets {
  /** Two connected sockets. */
  Pair socketpair(SocketType type);

  /**
   * Binds and listens at a path of any length: the socket never exists with wider permissions than
   * {@code mode}. EADDRINUSE when the name exists, whether somebody listens or not.
   */
  default Fd listen(String path, SocketType type, int mode) {
    return listen(Fd.CWD, path, type, mode);
  }

  /** As the other one; the path is relative to a directory. */
  Fd listen(Fd directory, String path, SocketType type, int mode);

  /** Connects to a path of any length. */
  default Fd connect(String path, SocketType type) {
    return connect(Fd.CWD, path, type);
  }

  /** As the other one; the path is relative to a directory. */
  Fd connect(Fd directory, String path, SocketType type);

  /** Connects to a name of the abstract name space; without the "@" that is written before it. */
  Fd connectAbstract(String name, SocketType type);

  /** accept4(2); waits unless the listener is non-blocking (then EAGAIN). */
  Fd accept(Fd listener);

  /**
   * Sends bytes (at least one when there are descriptors); returns how many were taken. No SIGPIPE.
   */
  int send(Fd socket, byte[] buffer, int offset, int length, List<Fd> descriptors);

  /** Sends one packet, or everything on a stream; the descriptors go with the first byte. */
  default void send(Fd socket, byte[] bytes, List<Fd> descriptors) {
    int done = send(socket, bytes, 0, bytes.length, descriptors);
    while (done < bytes.length) {
      done += send(socket, bytes, done, bytes.length - done, List.of());
    }
  }

  /**
   * Receives bytes and the descriptors that came with them, close-on-exec. At most {@code
   * maxDescriptors} (0 to 253) are taken; more than that are closed and reported as truncated.
   */
  Received receive(Fd socket, byte[] buffer, int offset, int length, int maxDescriptors);

  /** Receives without descriptors; any that come are closed. Returns 0 at the end. */
  default int receive(Fd socket, byte[] buffer, int offset, int length) {
    Received received = receive(socket, buffer, offset, length, 0);
    return received.length();
  }

  /** SO_PEERCRED: who was at the other end when it connected. */
  Credentials peerCredentials(Fd socket);

  /** shutdown(2). */
  void shutdown(Fd socket, boolean reading, boolean writing);

  /** SO_RCVTIMEO; receiving fails with EAGAIN after that. Zero: never. */
  void receiveTimeout(Fd socket, Duration timeout);

  /** SO_SNDTIMEO; sending fails with EAGAIN after that. Zero: never. */
  void sendTimeout(Fd socket, Duration timeout);

  /** O_NONBLOCK. */
  void nonBlocking(Fd socket, boolean on);

  /**
   * The sockets that systemd passed, see sd_listen_fds(3): empty unless LISTEN_PID is this process.
   * They become close-on-exec. Call it once.
   */
  List<Inherited> inherited();

  /**
   * Tells systemd a state such as "READY=1", see sd_notify(3).
   *
   * @return false when NOTIFY_SOCKET is not set
   */
  boolean notify(String state);

  /** As the other one with an address: a path, or "@name" of the abstract name space. */
  void notify(String address, String state);

  /** Two ends. */
  record Pair(Fd first, Fd second) implements AutoCloseable {
    @Override
    public void close() {
      first.close();
      second.close();
    }
  }

  /**
   * What came in.
   *
   * @param length bytes; 0 means the end on a stream
   * @param descriptors now the caller's
   * @param truncated a packet was longer than the buffer, or more descriptors came than were
   *     allowed
   */
  record Received(int length, List<Fd> descriptors, boolean truncated) implements AutoCloseable {
    /** Closes the descriptors. */
    @Override
    public void close() {
      descriptors.forEach(Fd::close);
    }
  }

  /** A peer; ids are 0 to 2^32-1. The pid is 0 when it is of another pid namespace. */
  record Credentials(int pid, long uid, long gid) {}

  /** A socket that systemd passed, and its FileDescriptorName if any. */
  record Inherited(Fd fd, Optional<String> name) {}
}

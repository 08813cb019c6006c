package dev.kapal.runtime.dropin;

import dev.kapal.linux.ErrnoException;
import dev.kapal.linux.Fd;
import dev.kapal.linux.Linux;
import dev.kapal.linux.SocketType;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;

/** Descriptors that a caller wants to have, at a socket of its own. */
final class Handover {
  private Handover() {}

  /** Sends one, with its name. */
  static void send(Session session, String socket, String name, Fd fd) {
    Linux linux = session.host().linux();
    try (Fd to =
        linux.sockets().connect(session.command().directory(), socket, SocketType.STREAM)) {
      linux.sockets().send(to, name.getBytes(StandardCharsets.US_ASCII), List.of(fd));
    } catch (ErrnoException e) {
      throw new CommandFailed(
          name + " cannot be passed to the socket " + socket + ": " + e.getMessage(), e);
    }
  }

  /** Sends the descriptor of a process, where it is asked for ({@code --pidfd-socket}). */
  static void process(Session session, Optional<String> socket, int pid) {
    if (socket.isPresent()) {
      try (Fd fd = session.host().linux().processes().pidfdOpen(pid)) {
        send(session, socket.get(), "pidfd", fd);
      }
    }
  }
}

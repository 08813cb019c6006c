package dev.kapal.runtime.dropin;

import dev.kapal.linux.Device;
import dev.kapal.linux.Fd;
import dev.kapal.linux.FileType;
import dev.kapal.linux.Stat;
import java.util.List;
import java.util.Optional;

/**
 * Where a process's terminal goes: to the caller's {@code --console-socket}, or to the thin
 * program, which passes on between it and its own.
 */
final class Terminal {

  private static final Device NULL = new Device(1, 3);
  private static final int NULL_BIT = 16;

  private final Session session;
  private final boolean terminal;
  private final Optional<String> socket;

  private Terminal(Session session, boolean terminal, Optional<String> socket) {
    this.session = session;
    this.terminal = terminal;
    this.socket = socket;
  }

  /** Checks that what is asked for goes together. */
  static Terminal of(Session session, boolean terminal, boolean detached, Optional<String> socket) {
    if (detached && terminal && socket.isEmpty()) {
      throw new CommandFailed(
          "cannot allocate tty if runc will detach without setting console socket");
    }
    if ((!detached || !terminal) && socket.isPresent()) {
      throw new CommandFailed("cannot use console socket if runc will not detach or allocate tty");
    }
    return new Terminal(session, terminal, socket);
  }

  boolean relayed() {
    return terminal && socket.isEmpty();
  }

  List<Front.Stream> streams() {
    return terminal ? Launcher.NONE : Launcher.OWN;
  }

  int flags() {
    return relayed() ? Front.RELAY : 0;
  }

  /**
   * Bits of the plan: a terminal, or which streams are pipes whose owner may be changed; and which
   * are null.
   */
  int stdio() {
    if (terminal) {
      return 8;
    }
    int bits = 0;
    List<Fd> streams =
        List.of(session.command().in(), session.command().out(), session.command().err());
    for (int i = 0; i < 3; i++) {
      Stat stat = session.host().linux().descriptors().fstat(streams.get(i));
      FileType type = stat.type();
      bits |= type == FileType.FIFO || type == FileType.SOCKET ? 1 << i : 0;
      bits |= type == FileType.CHARACTER && stat.rdev().equals(NULL) ? NULL_BIT << i : 0;
    }
    return bits;
  }

  /** A descriptor came from the launch: the terminal's master. */
  void take(Optional<Fd> master) {
    if (master.isEmpty()) {
      session.front().raw(true);
      return;
    }
    try (Fd fd = master.get()) {
      Handover.send(session, socket.orElseThrow(), "/dev/ptmx", fd);
    }
  }
}

package dev.kapal.runtime.dropin;

import static dev.kapal.linux.Fcntl.O_NONBLOCK;
import static dev.kapal.linux.Fcntl.O_WRONLY;

import dev.kapal.linux.ErrnoException;
import dev.kapal.linux.Fd;
import dev.kapal.linux.Linux;
import dev.kapal.linux.Stat;
import java.util.Optional;

/**
 * A descriptor of the caller's ({@code --status-fd}): a zero byte is written to it once pages can
 * be had from the page server of {@code checkpoint --lazy-pages}, and then it is closed.
 */
final class StatusFd implements AutoCloseable {
  private static final int WRITABLE = 0200;

  private final Session session;
  private final int number;
  private final Fd fd;

  private StatusFd(Session session, int number, Fd fd) {
    this.session = session;
    this.number = number;
    this.fd = fd;
  }

  /** The one that is asked for. Nothing is done with it without {@code --lazy-pages}. */
  static Optional<StatusFd> of(Session session, Flags flags) {
    Optional<Long> given = flags.number("status-fd").filter(number -> number != -1);
    if (given.isEmpty() || !flags.is("lazy-pages")) {
      return Optional.empty();
    }
    long number = given.get();
    Linux linux = session.host().linux();
    String path = "/proc/" + session.command().pid() + "/fd/" + number;
    try {
      Optional<Stat> link = linux.descriptors().lstatIfExists(Fd.CWD, path);
      if (number < 0 || link.isEmpty()) {
        throw invalid(number, "bad file descriptor");
      }
      // The link to a descriptor has the rights that the descriptor has, see proc(5).
      if ((link.get().mode() & WRITABLE) == 0) {
        throw invalid(number, "not writable");
      }
      return Optional.of(
          new StatusFd(
              session, (int) number, linux.descriptors().open(path, O_WRONLY | O_NONBLOCK)));
    } catch (ErrnoException e) {
      throw invalid(number, e.errno().message());
    }
  }

  private static CommandFailed invalid(long number, String why) {
    return new CommandFailed("invalid --status-fd argument " + number + ": " + why);
  }

  /** Says so, and lets go of it: whoever reads it to its end is not kept waiting. */
  void ready() {
    try {
      session.host().linux().descriptors().writeFully(fd, new byte[1]);
    } catch (ErrnoException e) {
      session.console().warn("can't write \\0 to status fd: " + e.errno().message());
    }
    fd.close();
    session.front().closeOwn(number);
  }

  @Override
  public void close() {
    fd.close();
  }
}

package dev.kapal.runtime.dropin;

import static dev.kapal.linux.Fcntl.*;

import dev.kapal.linux.Errno;
import dev.kapal.linux.ErrnoException;
import dev.kapal.linux.Fd;
import dev.kapal.linux.Linux;
import dev.kapal.linux.SocketType;
import dev.kapal.linux.Sockets;
import dev.kapal.oci.runtime.Hooks;
import dev.kapal.runtime.monitor.HookRunner;
import dev.kapal.runtime.monitor.SeccompListener;
import dev.kapal.runtime.plan.LaunchPlan;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;

/**
 * Starts a created container: whoever connects to the socket at which its process waits watches it
 * from there on (docs/launch-plan.md, AWAIT). The connection ends when the program runs.
 */
final class Starter {
  private static final int ERROR_AT = 12;
  private static final int STEP_AT = 8;
  private static final int REPORT_SYNC = 1;

  private final Session session;
  private final Linux linux;
  private final Kept kept;

  Starter(Session session, Kept kept) {
    this.session = session;
    this.linux = session.host().linux();
    this.kept = kept;
  }

  void run() {
    switch (kept.status()) {
      case CREATED -> {}
      case STOPPED -> throw new CommandFailed("cannot start a container that has stopped");
      case RUNNING, PAUSED -> throw new CommandFailed("cannot start an already running container");
      case CREATING -> throw new CommandFailed("cannot start a container that is being created");
    }
    Hooks hooks = kept.config().hooks();
    HookCalls calls = new HookCalls(session, kept.record(), kept.config());
    int pid = kept.record().pid();
    calls.inside("startContainer", hooks.startContainer(), true, "created", pid, kept.cgroup());
    watch();
    try {
      calls.outside("poststart", hooks.poststart(), "running", pid);
    } catch (CommandFailed e) {
      if (kept.alive()) {
        Signalling.kill(linux, kept, 9);
      }
      throw e;
    }
  }

  private void watch() {
    Optional<Fd> listener = Optional.empty();
    try (Fd connection =
        linux.sockets().connect(kept.files().directory(), Kept.SOCKET, SocketType.SEQPACKET)) {
      kept.files().remove(Kept.SOCKET);
      byte[] report = new byte[8];
      for (; ; ) {
        Sockets.Received got = linux.sockets().receive(connection, report, 0, report.length, 1);
        if (got.length() == 0) {
          break;
        }
        if (!got.descriptors().isEmpty()) {
          listener = Optional.of(got.descriptors().getFirst());
          continue;
        }
        ByteBuffer words = ByteBuffer.wrap(report).order(ByteOrder.LITTLE_ENDIAN);
        if (words.getInt() == REPORT_SYNC && words.getInt() == LaunchPlan.SYNC_LISTENER) {
          pass(linux, kept, listener.orElseThrow(), kept.record().pid());
        }
        linux.sockets().send(connection, new byte[1], List.of());
      }
    } catch (ErrnoException e) {
      if (e.is(Errno.ECONNREFUSED)) {
        kept.files().remove(Kept.SOCKET);
        throw new CommandFailed("cannot start an already running container");
      }
      // Killed, it cuts the connection off.
      if (!e.is(Errno.ECONNRESET, Errno.EPIPE)) {
        throw e;
      }
    } finally {
      listener.ifPresent(Fd::close);
    }
    judge();
  }

  /** Hands a seccomp listener to whoever is to answer. */
  static void pass(Linux linux, Kept kept, Fd listener, int pid) {
    byte[] state =
        HookRunner.state(
            kept.id(), "creating", pid, kept.record().bundle(), kept.record().annotations());
    SeccompListener.pass(linux, kept.linux().seccomp().orElseThrow(), listener, pid, state);
  }

  /**
   * What the launch wrote down in its file before the connection ended. One that was killed, or
   * whose program turned out to be none, was started all the same: that is how it ended.
   */
  private void judge() {
    ByteBuffer state =
        ByteBuffer.wrap(kept.files().read(Kept.LAUNCH).orElseThrow())
            .order(ByteOrder.LITTLE_ENDIAN);
    int error = state.getInt(ERROR_AT);
    if (error != 0) {
      String purpose = purpose(state.getInt(STEP_AT));
      throw ProgramErrors.executing(purpose, error)
          .orElseGet(() ->
              new CommandFailed(
                  "cannot start container "
                      + kept.id()
                      + ": cannot "
                      + purpose
                      + ": "
                      + Errno.of(error).message()));
    }
  }

  private String purpose(int step) {
    List<String> lines =
        kept.files()
            .read(Kept.PLAN)
            .map(b -> new String(b, StandardCharsets.UTF_8).lines().toList())
            .orElse(List.of("0"));
    int index = step - Integer.parseInt(lines.getFirst()) + 1;
    return index > 0 && index < lines.size() ? lines.get(index) : "run step " + step;
  }
}

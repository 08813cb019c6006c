package dev.kapal.runtime.dropin;

import dev.kapal.linux.ErrnoException;
import dev.kapal.linux.Fd;
import dev.kapal.linux.Linux;
import dev.kapal.linux.SocketType;
import dev.kapal.linux.Sockets;
import dev.kapal.runtime.monitor.LaunchErrors;
import dev.kapal.runtime.plan.CriuPlan;
import dev.kapal.runtime.plan.LaunchPlan;
import dev.kapal.runtime.wire.Message;
import dev.kapal.runtime.wire.MessageWriter;
import dev.kapal.runtime.wire.WireException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * CRIU at work for one command: {@code criu swrk}, a child of the thin program, so that what it
 * restores becomes a child of the thin program, too. It is spoken to in its own protocol (criu's
 * rpc.proto) over a socket pair. Owned by the command's thread.
 */
final class Criu implements AutoCloseable {
  /** Number of the first of the further descriptors that CRIU is given. */
  static final int PASSED = 4;

  private static final int NOTIFY = 6;
  private static final int ANSWER = 1 << 16;
  private static final Duration END = Duration.ofSeconds(10);
  private static final String PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

  /** What is asked of it, by number. */
  enum Request {
    DUMP(1),
    RESTORE(2),
    PRE_DUMP(4);

    private final int number;

    Request(int number) {
      this.number = number;
    }
  }

  /** Is told how far it is; what it throws is the end of the request. */
  @FunctionalInterface
  interface Listener {
    /**
     * A step is done.
     *
     * @param step its name
     * @param pid of the first process, at the steps that concern it
     * @param descriptor what comes with the step, the listener's to close
     */
    void reached(String step, int pid, Optional<Fd> descriptor);
  }

  private final Session session;
  private final Linux linux;
  private final Fd socket;
  private final int launch;
  private int pid;
  private boolean ended;

  private Criu(Session session, Fd socket, int launch) {
    this.session = session;
    this.linux = session.host().linux();
    this.socket = socket;
    this.launch = launch;
  }

  /**
   * Starts it.
   *
   * @param root of a container that is to be restored
   * @param streams its standard streams, which restored processes may inherit
   * @param passed its descriptors from {@link #PASSED} on
   */
  static Criu start(
      Session session, Optional<Path> root, List<Front.Stream> streams, List<Fd> passed) {
    Map<String, String> environment = session.command().environment();
    List<String> variables =
        environment.entrySet().stream().map(e -> e.getKey() + "=" + e.getValue()).sorted().toList();
    List<String> programs =
        Arrays.stream(environment.getOrDefault("PATH", PATH).split(":", -1))
            .filter(directory -> directory.startsWith("/"))
            .map(directory -> directory + "/criu")
            .toList();
    LaunchPlan plan =
        new CriuPlan(programs, variables, root, 1 + passed.size()).compile(session.host().facts());
    Sockets.Pair pair = session.host().linux().sockets().socketpair(SocketType.SEQPACKET);
    try (Fd theirs = pair.second()) {
      List<Fd> all = new ArrayList<>(List.of(theirs));
      all.addAll(passed);
      // Whoever interrupts the command now would leave processes half saved or half restored.
      session.front().onSignal(_ -> {});
      int launch = session.launcher().start(plan, 0, streams, Launcher.Supplies.passing(all));
      Criu criu = new Criu(session, pair.first(), launch);
      criu.awaitStart(plan);
      return criu;
    } catch (RuntimeException e) {
      pair.first().close();
      throw e;
    }
  }

  private void awaitStart(LaunchPlan plan) {
    Front.Event event = session.front().next(launch);
    if (event instanceof Front.Event.Running(int number)) {
      pid = number;
      return;
    }
    if (event instanceof Front.Event.Failed(var failure)) {
      boolean last =
          failure.part() == LaunchPlan.PART_INIT && failure.step() == plan.init().size() - 1;
      throw new CommandFailed(
          last
              ? "criu cannot be executed; CRIU has to be installed for checkpoint and restore"
              : String.valueOf(LaunchErrors.explain("criu", plan, failure).getMessage()));
    }
    throw new CommandFailed("criu ended at its start");
  }

  int pid() {
    return pid;
  }

  /**
   * Asks for something and waits until it is done.
   *
   * @throws CommandFailed if CRIU cannot do it
   */
  void run(Request request, MessageWriter options, Listener listener) {
    send(new MessageWriter().number(1, request.number).message(2, options));
    byte[] buffer = new byte[ANSWER];
    for (; ; ) {
      Sockets.Received got = receive(buffer);
      Optional<Fd> descriptor = got.descriptors().stream().findFirst();
      boolean taken = false;
      try {
        Message answer = parse(buffer, got.length());
        if (!answer.flag(2)) {
          throw new CommandFailed("criu failed: type " + request + " errno " + answer.number(7));
        }
        if (answer.number(1) != NOTIFY) {
          break;
        }
        Message notification = answer.message(5);
        taken = true;
        listener.reached(notification.text(1), (int) notification.number(2), descriptor);
      } finally {
        if (!taken) {
          descriptor.ifPresent(Fd::close);
        }
      }
      send(new MessageWriter().number(1, NOTIFY).flag(3, true));
    }
    socket.close();
    int status = awaitEnd();
    // Behind a pre-dump it would wait for the next request.
    if (status != 0 && request != Request.PRE_DUMP) {
      throw new CommandFailed("criu failed: type " + request + " status " + status);
    }
  }

  private void send(MessageWriter message) {
    try {
      linux.sockets().send(socket, message.toBytes(), List.of());
    } catch (ErrnoException e) {
      throw new CommandFailed("criu failed: it does not listen: " + e.errno().message(), e);
    }
  }

  private Sockets.Received receive(byte[] buffer) {
    Sockets.Received got;
    try {
      got = linux.sockets().receive(socket, buffer, 0, buffer.length, 1);
    } catch (ErrnoException e) {
      throw new CommandFailed("criu failed: it does not answer: " + e.errno().message(), e);
    }
    if (got.length() == 0 || got.truncated()) {
      got.close();
      throw new CommandFailed("criu failed: it ended before it was done");
    }
    return got;
  }

  private static Message parse(byte[] buffer, int length) {
    try {
      return Message.parse(Arrays.copyOf(buffer, length));
    } catch (WireException e) {
      throw new CommandFailed("criu failed: its answer cannot be read: " + e.getMessage(), e);
    }
  }

  private int awaitEnd() {
    Optional<Front.Event> event = session.front().next(launch, Optional.of(END));
    if (event.isEmpty()) {
      session.front().kill(launch, 9);
      event = Optional.of(session.front().next(launch));
    }
    if (event.get() instanceof Front.Event.Exited(int status)) {
      ended = true;
      return status;
    }
    return awaitEnd();
  }

  /** Ends it; it undoes what is not done. */
  @Override
  public void close() {
    socket.close();
    if (!ended) {
      awaitEnd();
    }
  }
}

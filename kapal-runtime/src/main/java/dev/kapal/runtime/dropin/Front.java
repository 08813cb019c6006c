package dev.kapal.runtime.dropin;

import dev.kapal.linux.Fd;
import dev.kapal.runtime.monitor.LaunchWatch;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.IntConsumer;

/**
 * What the thin program does for a command: it executes plans as its own children and tells how
 * they go. Owned by the command's thread.
 */
final class Front {
  private static final int SIGNAL = 2;
  private static final int EXIT = 16;
  private static final int RAW = 17;
  private static final int PROGRAM = 18;
  private static final int LAUNCH = 19;
  private static final int CONTINUE = 20;
  private static final int KILL = 21;
  private static final int ADOPT = 23;
  private static final int CLOSE = 24;
  private static final int SYNC = 32;
  private static final int SENT = 33;
  private static final int RUNNING = 34;
  private static final int FAILED = 35;
  private static final int EXITED = 36;

  /** The process outlives the thin program. */
  static final int STAYS = 1;

  /** The thin program passes on between its own terminal and the process's. */
  static final int RELAY = 2;

  /** How far the launch is, is kept in a file that comes with it. */
  static final int STATE = 4;

  /** What happened to a launch. */
  sealed interface Event {
    /** It waits for leave to go on. */
    record Sync(int pid, int number) implements Event {}

    /** It handed over a descriptor, which is now the receiver's; none: the terminal is relayed. */
    record Sent(int tag, Optional<Fd> descriptor) implements Event {}

    /** It has executed its program. */
    record Running(int pid) implements Event {}

    /** It came to nothing. */
    record Failed(LaunchWatch.Failure failure) implements Event {}

    /** The process has ended, with the status of waitpid(2). */
    record Exited(int status) implements Event {}
  }

  /** A signal to the thin program ended the command. */
  static final class Interrupted extends RuntimeException {
    private static final long serialVersionUID = 1L;
    private final int signal;

    Interrupted(int signal) {
      super("interrupted by signal " + signal);
      this.signal = signal;
    }

    int signal() {
      return signal;
    }
  }

  /**
   * What a launch gets.
   *
   * @param flags STAYS, RELAY, STATE
   * @param plan its memfd
   * @param state the file of STATE
   * @param streams the three standard streams
   * @param slots the plan's descriptors
   */
  record Request(
      int flags, Fd plan, Optional<Fd> state, List<Stream> streams, List<Descriptor> slots) {}

  /** A standard stream: the thin program's own of that place, nothing, or one of ours. */
  sealed interface Stream {
    /** The thin program's own. */
    record Own() implements Stream {}

    /** /dev/null. */
    record Null() implements Stream {}

    /** One of ours. */
    record Ours(Fd fd) implements Stream {}
  }

  /** A descriptor of a plan. */
  sealed interface Descriptor {
    /** The thin program's own of that number. */
    record Own(int number) implements Descriptor {}

    /** One of ours. */
    record Ours(Fd fd) implements Descriptor {}
  }

  private final Peer peer;
  private final Map<Integer, Deque<Event>> waiting = new HashMap<>();
  private IntConsumer signals =
      number -> {
        throw new Interrupted(number);
      };
  private int last;

  Front(Peer peer) {
    this.peer = peer;
  }

  /** Has the thin program go on as this executable, which nobody can change. */
  void become(Fd executable) {
    peer.send(PROGRAM, List.of(), List.of(executable));
  }

  /** What is done with signals to the thin program from now on. */
  void onSignal(IntConsumer handler) {
    signals = handler;
  }

  /** Starts a launch; its number. */
  int launch(Request request) {
    int number = ++last;
    List<Integer> words = new ArrayList<>(List.of(number, request.flags()));
    List<Fd> descriptors = new ArrayList<>(List.of(request.plan()));
    request.state().ifPresent(descriptors::add);
    for (Stream stream : request.streams()) {
      switch (stream) {
        case Stream.Null() -> words.add(0);
        case Stream.Own() -> words.add(1);
        case Stream.Ours(Fd fd) -> {
          words.add(2);
          descriptors.add(fd);
        }
      }
    }
    words.add(request.slots().size());
    for (Descriptor slot : request.slots()) {
      switch (slot) {
        case Descriptor.Own(int own) -> words.add(own);
        case Descriptor.Ours(Fd fd) -> {
          words.add(-1);
          descriptors.add(fd);
        }
      }
    }
    waiting.put(number, new ArrayDeque<>());
    peer.send(LAUNCH, words, descriptors);
    return number;
  }

  /**
   * Has the thin program wait for a child of its own that no launch of it made; its number. With a
   * terminal's other end it passes on between that and its own terminal.
   */
  int adopt(int pid, Optional<Fd> master) {
    int number = ++last;
    waiting.put(number, new ArrayDeque<>());
    peer.send(ADOPT, List.of(number, pid), master.map(List::of).orElse(List.of()));
    return number;
  }

  /** Has the thin program close a descriptor that it has from its caller. */
  void closeOwn(int descriptor) {
    peer.send(CLOSE, List.of(descriptor), List.of());
  }

  void release(int launch) {
    peer.send(CONTINUE, List.of(launch), List.of());
  }

  void kill(int launch, int signal) {
    peer.send(KILL, List.of(launch, signal), List.of());
  }

  void raw(boolean on) {
    peer.send(RAW, List.of(on ? 1 : 0), List.of());
  }

  void exit(int status) {
    peer.send(EXIT, List.of(status), List.of());
  }

  /** The launch's next event; empty when none comes in time. */
  Optional<Event> next(int launch, Optional<Duration> timeout) {
    Deque<Event> mine = waiting.getOrDefault(launch, new ArrayDeque<>());
    long end = System.nanoTime() + timeout.map(Duration::toNanos).orElse(0L);
    while (mine.isEmpty()) {
      Optional<Duration> left =
          timeout.map(_ -> Duration.ofNanos(Math.max(1, end - System.nanoTime())));
      if (left.filter(l -> l.toNanos() <= 1).isPresent()) {
        return Optional.empty();
      }
      peer.receive(left).ifPresent(this::take);
    }
    return Optional.of(mine.remove());
  }

  /** As the other one, without end. */
  Event next(int launch) {
    return next(launch, Optional.empty()).orElseThrow();
  }

  /** Waits; only signals and the peer's end count. */
  void idle(Duration time) {
    peer.receive(Optional.of(time)).ifPresent(this::take);
  }

  private void take(Peer.Message m) {
    if (m.type() == SIGNAL) {
      signals.accept(m.word(0));
      return;
    }
    Optional<Event> event =
        switch (m.type()) {
          case SYNC -> Optional.of(new Event.Sync(m.word(1), m.word(2)));
          case SENT -> Optional.of(new Event.Sent(m.word(1), m.descriptor()));
          case RUNNING -> Optional.of(new Event.Running(m.word(1)));
          case FAILED ->
              Optional.of(
                  new Event.Failed(new LaunchWatch.Failure(m.word(1), m.word(2), m.word(3))));
          case EXITED -> Optional.of(new Event.Exited(m.word(1)));
          default -> Optional.empty();
        };
    Deque<Event> queue = waiting.get(m.word(0));
    if (event.isEmpty() || queue == null) {
      m.descriptor().ifPresent(Fd::close);
      throw new Peer.Gone("the client sent a message of type " + m.type() + " that nobody awaits");
    }
    queue.add(event.get());
  }
}

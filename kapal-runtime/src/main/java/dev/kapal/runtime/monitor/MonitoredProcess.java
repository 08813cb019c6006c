package dev.kapal.runtime.monitor;

import dev.kapal.linux.Errno;
import dev.kapal.linux.ErrnoException;
import dev.kapal.linux.Fd;
import dev.kapal.runtime.Attachment;
import dev.kapal.runtime.ContainerException;
import dev.kapal.runtime.ContainerProcess;
import dev.kapal.runtime.ExitStatus;
import dev.kapal.runtime.LogTarget;
import dev.kapal.runtime.Streams;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;

/** A process under a monitor, whatever runtime started it. For the drivers of this module. */
public class MonitoredProcess implements ContainerProcess {
  private final ProcessHost sandbox;
  private final int number;
  private final boolean terminal;
  private final LaunchWatch watch = new LaunchWatch();
  private final CompletableFuture<ExitStatus> exit = new CompletableFuture<>();
  private volatile boolean launched;

  /**
   * A process of a number that its sandbox has given.
   *
   * @param terminal whether it has one
   */
  public MonitoredProcess(ProcessHost sandbox, int number, boolean terminal) {
    this.sandbox = sandbox;
    this.number = number;
    this.terminal = terminal;
  }

  /** How far its launch has come. */
  public final LaunchWatch watch() {
    return watch;
  }

  /** The monitor is about to hear of it. */
  public final void launching() {
    launched = true;
  }

  /**
   * Hands it to the monitor: LAUNCH or RELAY. If that is refused there is no process, and so no end
   * to be waited for.
   *
   * @param log what the packet says of it
   * @throws ContainerException.Failed the monitor cannot open the log
   * @throws ErrnoException the monitor refuses it for another reason
   */
  public final Reply launch(Packet packet, List<Fd> descriptors, LogTarget log) {
    launching();
    try {
      return sandbox.connection().ask(packet, descriptors);
    } catch (ErrnoException e) {
      launched = false;
      if (log.format() == LogTarget.Format.NONE || e.is(Errno.EINVAL, Errno.EEXIST, Errno.ENOMEM)) {
        throw e;
      }
      throw new ContainerException.Failed(
          "Cannot open the log " + log.path() + ": " + e.errno().message(), e);
    }
  }

  /** Whether the monitor may know of it: then it has an end to be waited for. */
  public final boolean launched() {
    return launched;
  }

  /** Whether the kernel killed processes of its container for want of memory; given the status. */
  protected boolean oomKilled(int status) {
    return false;
  }

  /** Called once, with the wait status. */
  public final void ended(int status, long time, Optional<String> reason) {
    Instant at = Instant.ofEpochSecond(time / 1_000_000_000L, time % 1_000_000_000L);
    ExitStatus plain = ExitStatus.ofWaitStatus(status, oomKilled(status), at);
    exit.complete(new ExitStatus(plain.code(), plain.signal(), plain.oomKilled(), at, reason));
    watch.ended();
  }

  @Override
  public int number() {
    return number;
  }

  @Override
  public int pid() {
    return watch.pid();
  }

  @Override
  public void signal(int signal) {
    if (exit.isDone()) {
      return;
    }
    try {
      sandbox.connection().ask(Packet.of(Packet.SIGNAL, number, signal), List.of());
    } catch (ErrnoException e) {
      if (!e.is(Errno.ESRCH, Errno.ENOENT)) {
        throw new ContainerException.Failed(
            "Signal " + signal + " cannot be sent: " + e.errno().message(), e);
      }
    }
  }

  @Override
  public Attachment attach(Streams streams) {
    int bits = 0;
    List<Fd> fds = new ArrayList<>();
    bits |=
        add(fds, streams.input(), 1) | add(fds, streams.output(), 2) | add(fds, streams.error(), 4);
    try {
      long attachment =
          sandbox.connection().ask(Packet.of(Packet.ATTACH, number, bits), fds).value();
      return () -> detach((int) attachment);
    } catch (ErrnoException e) {
      throw ended("be attached to", e);
    }
  }

  private static int add(List<Fd> fds, Optional<Fd> fd, int bit) {
    fd.ifPresent(fds::add);
    return fd.isPresent() ? bit : 0;
  }

  private void detach(int attachment) {
    try {
      sandbox.connection().ask(Packet.of(Packet.DETACH, number, attachment), List.of());
    } catch (ErrnoException | ContainerException.Gone _) {
      // It ended by itself.
    }
  }

  private ContainerException ended(String what, ErrnoException e) {
    return new ContainerException.WrongState(
        "The process cannot "
            + what
            + ": "
            + (e.is(Errno.ESRCH, Errno.ENOENT) ? "it has ended" : e.errno().message()));
  }

  @Override
  public void resize(int rows, int columns) {
    if (!terminal) {
      throw new ContainerException.WrongState("The process cannot be resized: it has no terminal");
    }
    try {
      sandbox
          .connection()
          .ask(Packet.withBody(Packet.RESIZE, number, 4).u16(rows).u16(columns), List.of());
    } catch (ErrnoException e) {
      throw ended("be resized", e);
    }
  }

  @Override
  public void closeInput() {
    quietly(Packet.CLOSE_INPUT);
  }

  @Override
  public void reopenLog() {
    quietly(Packet.REOPEN_LOG);
  }

  private void quietly(int type) {
    try {
      sandbox.connection().ask(Packet.of(type, number), List.of());
    } catch (ErrnoException e) {
      if (!e.is(Errno.ESRCH, Errno.ENOENT)) {
        throw new ContainerException.Failed("The monitor refuses: " + e.errno().message(), e);
      }
    }
  }

  @Override
  public Optional<ExitStatus> exitStatus() {
    return exit.isDone() ? Optional.of(exit.join()) : Optional.empty();
  }

  @Override
  public ExitStatus awaitExit() throws InterruptedException {
    try {
      return exit.get();
    } catch (ExecutionException e) {
      throw new IllegalStateException(e);
    }
  }

  @Override
  public Optional<ExitStatus> awaitExit(Duration time) throws InterruptedException {
    try {
      return Optional.of(exit.get(time.toNanos(), TimeUnit.NANOSECONDS));
    } catch (TimeoutException _) {
      return Optional.empty();
    } catch (ExecutionException e) {
      throw new IllegalStateException(e);
    }
  }

  @Override
  public void onExit(Consumer<? super ExitStatus> listener) {
    var _ = exit.thenAccept(listener);
  }

  @Override
  public void forget() {
    if (launched && !exit.isDone() && watch.failure().isEmpty()) {
      throw new ContainerException.WrongState("Process " + number + " has not ended");
    }
    sandbox.forget(number);
  }
}

package dev.kapal.runtime.shim;

import dev.kapal.linux.Errno;
import dev.kapal.linux.ErrnoException;
import dev.kapal.runtime.ContainerException;
import dev.kapal.runtime.driver.LaunchedProcess;
import dev.kapal.runtime.monitor.Packet;
import dev.kapal.runtime.ttrpc.TtrpcException;
import dev.kapal.runtime.wire.WireException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;

/** A process in a shim: what it does is asked of the shim, its streams are the monitor's. */
class ShimProcess extends LaunchedProcess {
  /** How long output may take to come to its end behind the end of the process. */
  private static final Duration OUTPUT = Duration.ofSeconds(2);

  private final ShimSandbox sandbox;
  private final String container;
  private final String exec;
  private final boolean terminal;
  private final AtomicBoolean finishing = new AtomicBoolean();
  private volatile Optional<String> reason = Optional.empty();

  ShimProcess(ShimSandbox sandbox, String container, String exec, int number, boolean terminal) {
    super(sandbox, number, terminal);
    this.sandbox = sandbox;
    this.container = container;
    this.exec = exec;
    this.terminal = terminal;
  }

  /** The exec id of a further process. */
  static String execId(int number) {
    return "e" + number;
  }

  final ShimSandbox owner() {
    return sandbox;
  }

  final boolean terminal() {
    return terminal;
  }

  /** Its name within the container; empty: it is the first one. */
  final String exec() {
    return exec;
  }

  /** Why it has ended, when it did not do so by itself. */
  final Optional<String> reason() {
    return reason;
  }

  /** The way to its shim. */
  TaskService tasks() {
    return sandbox
        .container(container)
        .map(c -> ((ShimContainer) c).tasks())
        .orElseThrow(() -> new ContainerException.Gone("The container " + container + " is gone"));
  }

  @Override
  public void signal(int signal) {
    if (exitStatus().isPresent()) {
      return;
    }
    try {
      tasks().kill(container, exec, signal, false);
    } catch (ContainerException.Gone _) {
      // It has ended, and we are about to hear of it.
    }
  }

  @Override
  public void resize(int rows, int columns) {
    if (!terminal) {
      throw new ContainerException.WrongState("The process cannot be resized: it has no terminal");
    }
    if (exitStatus().isPresent()) {
      throw new ContainerException.WrongState("The process cannot be resized: it has ended");
    }
    tasks().resize(container, exec, rows, columns);
  }

  /** The monitor has closed its end of the input; the shim holds one too. */
  final void inputClosed() {
    try {
      tasks().closeInput(container, exec);
    } catch (ContainerException e) {
      System.getLogger(ShimProcess.class.getName())
          .log(System.Logger.Level.DEBUG, "The input of a process cannot be closed", e);
    }
  }

  /** Has the shim tell its end. */
  final void watchEnd() {
    var _ =
        tasks()
            .startWait(container, exec)
            .answer()
            .whenComplete((answer, error) ->
                Thread.startVirtualThread(() -> {
                  if (error == null) {
                    waited(answer);
                  } else if (!(error instanceof TtrpcException e
                      && (e.code() == TtrpcException.UNAVAILABLE
                          || e.code() == TtrpcException.CANCELLED))) {
                    // Not a shim that is gone, which others notice.
                    unknown(String.valueOf(error.getMessage()));
                  }
                }));
  }

  private void waited(byte[] answer) {
    try {
      finish(TaskService.waited(answer));
    } catch (WireException e) {
      unknown(String.valueOf(e.getMessage()));
    }
  }

  private void unknown(String why) {
    finish(
        255 << 8,
        System.currentTimeMillis() * 1_000_000L,
        Optional.of("its shim cannot tell how it ended: " + why));
  }

  /** It has ended as the shim says. */
  final void finish(TaskService.Exit exit) {
    finish(exit.waitStatus(), exit.nanos(), Optional.empty());
  }

  /**
   * It has ended: tells the monitor, which records it when its output has come to its end. Not for
   * the poller's thread.
   */
  final void finish(int waitStatus, long nanos, Optional<String> why) {
    if (!finishing.compareAndSet(false, true)) {
      return;
    }
    reason = why;
    try {
      ask(waitStatus, nanos, 0);
      if (awaitExit(OUTPUT).isEmpty()) {
        // Somebody else still holds its streams.
        ask(waitStatus, nanos, 1);
      }
      if (!exec.isEmpty()) {
        tasks().delete(container, exec);
      }
    } catch (ErrnoException e) {
      if (!e.is(Errno.ESRCH, Errno.ENOENT)) {
        throw new ContainerException.Failed(
            "The monitor cannot be told of an end: " + e.errno().message(), e);
      }
    } catch (ContainerException _) {
      // The monitor is gone, which has ended everything; or the shim is.
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }

  private void ask(int waitStatus, long nanos, int atOnce) {
    sandbox
        .connection()
        .ask(
            Packet.withBody(Packet.FINISH, number(), 16).u32(waitStatus).u64(nanos).u32(atOnce),
            List.of());
  }
}

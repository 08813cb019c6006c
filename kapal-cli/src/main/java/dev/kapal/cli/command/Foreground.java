package dev.kapal.cli.command;

import dev.kapal.cli.context.Client;
import dev.kapal.cli.context.Streams;
import dev.kapal.cli.context.WindowSize;
import dev.kapal.cli.model.Invocation;
import dev.kapal.engine.AttachRequest;
import dev.kapal.engine.DetachKeys;
import dev.kapal.engine.EngineException;
import dev.kapal.engine.spec.TerminalSize;
import dev.kapal.linux.Fd;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import java.util.function.Consumer;

/**
 * What run, exec, start and attach share: the client's streams and terminal joined to a process.
 */
final class Foreground {
  private Foreground() {}

  /** Duplicates of the client's streams for an attachment, which takes them over. */
  static AttachRequest request(
      Invocation i, boolean input, boolean output, boolean error, boolean tty) {
    Streams streams = i.context().streams();
    Optional<Fd> in = Optional.empty();
    Optional<Fd> out = Optional.empty();
    // What this command has printed comes before what the container prints.
    i.out().flush();
    i.err().flush();
    try {
      in = input ? Optional.of(streams.input().duplicate()) : in;
      out = output ? Optional.of(streams.output().duplicate()) : out;
      Optional<Fd> err =
          error && !tty ? Optional.of(streams.error().duplicate()) : Optional.empty();
      AttachRequest request = AttachRequest.of(in, out, err);
      return input && tty ? request.withDetachKeys(detachKeys(i)) : request;
    } catch (RuntimeException e) {
      in.ifPresent(Fd::close);
      out.ifPresent(Fd::close);
      throw e;
    }
  }

  /** The keys asked for, else those of the user's configuration, else ctrl-p,ctrl-q. */
  static DetachKeys detachKeys(Invocation i) {
    return i.arguments()
        .value("detach-keys")
        .or(() -> DockerConfig.of(i.context()).detachKeys())
        .filter(keys -> !keys.isEmpty())
        .map(DetachKeys::parse)
        .orElse(DetachKeys.DEFAULT);
  }

  /** Docker's complaint about a terminal that is none. */
  static void needTerminal(Invocation i, boolean input, boolean tty) {
    if (input && tty && !i.context().streams().inputIsTerminal()) {
      throw new CommandFailedException(
          "the input device is not a TTY: leave out -t, or run it on a terminal", 1);
    }
  }

  /** Puts the client's terminal into raw mode until it is closed. */
  static Raw raw(Invocation i, boolean input, boolean tty) {
    boolean on = input && tty && i.context().streams().inputIsTerminal();
    return new Raw(i.context().client(), on);
  }

  /** A terminal in raw mode. */
  record Raw(Client client, boolean on) implements AutoCloseable {
    Raw {
      if (on) {
        client.raw(true);
      }
    }

    @Override
    public void close() {
      if (on) {
        client.raw(false);
      }
    }
  }

  /** Follows the client's window; a thread of its own sets the size, so that the reader goes on. */
  static Resizer resizer(Invocation i, boolean tty, Consumer<TerminalSize> resize) {
    return new Resizer(i.context().client(), tty, resize);
  }

  /** See {@link #resizer}. */
  static final class Resizer implements AutoCloseable {
    private final Client client;
    private final Semaphore changed = new Semaphore(0);
    private volatile boolean closed;

    private Resizer(Client client, boolean tty, Consumer<TerminalSize> resize) {
      this.client = client;
      if (!tty) {
        return;
      }
      client.onResize(size -> changed.release());
      Thread.ofPlatform()
          .daemon()
          .name("kapal-resize")
          .start(() -> {
            while (!closed) {
              changed.acquireUninterruptibly();
              changed.drainPermits();
              WindowSize size = client.windowSize();
              if (!closed && size.rows() > 0 && size.columns() > 0) {
                set(resize, size);
              }
            }
          });
    }

    private static void set(Consumer<TerminalSize> resize, WindowSize size) {
      try {
        resize.accept(new TerminalSize(size.rows(), size.columns()));
      } catch (EngineException e) {
        // It has ended, or has not begun: the size at its start is right.
      }
    }

    @Override
    public void close() {
      closed = true;
      client.onResize(size -> {});
      changed.release();
    }
  }
}

package dev.kapal.engine.core;

import dev.kapal.linux.Descriptors;
import dev.kapal.linux.ErrnoException;
import dev.kapal.linux.Fd;
import java.util.concurrent.CompletableFuture;

/**
 * Passes a process's output on to a client that may go away before the process ends. Once the
 * client is gone the output is read all the same, and dropped, so that the process never waits for
 * it.
 */
final class OutputPump {
  private final Descriptors calls;
  private final Fd from;
  private final Fd to;
  private final CompletableFuture<Boolean> done = new CompletableFuture<>();
  private boolean detached;

  OutputPump(Hub hub, Fd from, Fd to) {
    this.calls = hub.linux.descriptors();
    this.from = from;
    this.to = to;
    hub.pool.execute(this::run);
  }

  private void run() {
    byte[] buffer = new byte[16_384];
    try (from) {
      for (int n = calls.read(from, buffer, 0, buffer.length);
          n > 0;
          n = calls.read(from, buffer, 0, buffer.length)) {
        synchronized (this) {
          if (!detached) {
            write(buffer, n);
          }
        }
      }
    } catch (ErrnoException e) {
      System.getLogger(OutputPump.class.getName())
          .log(System.Logger.Level.DEBUG, "the output ended", e);
    } finally {
      detach();
      done.complete(true);
    }
  }

  private void write(byte[] buffer, int n) {
    try {
      calls.writeFully(to, buffer, 0, n);
    } catch (ErrnoException e) {
      detached = true;
    }
  }

  synchronized void detach() {
    detached = true;
    to.close();
  }

  /** Calls back when all output has been passed on. */
  void whenDone(Runnable then) {
    var _ = done.thenRun(then);
  }
}

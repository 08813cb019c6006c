package dev.kapal.engine.core;

import dev.kapal.linux.Descriptors;
import dev.kapal.linux.Errno;
import dev.kapal.linux.ErrnoException;
import dev.kapal.linux.Fd;
import dev.kapal.linux.Poller;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.EnumSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * The beginning of what a process prints. All of it is read, so that the process never waits; only
 * the first bytes are kept, whatever it prints.
 */
final class OutputCapture implements AutoCloseable {
  private final Hub hub;
  private final int keep;
  private final Descriptors.Pipe pipe;
  private final Poller.Registration registration;
  private final ByteArrayOutputStream kept = new ByteArrayOutputStream();
  private final CompletableFuture<Boolean> end = new CompletableFuture<>();
  private final byte[] buffer = new byte[8192];

  OutputCapture(Hub hub, int keep) {
    this.hub = hub;
    this.keep = keep;
    this.pipe = hub.linux.descriptors().pipe(0);
    this.registration =
        hub.poller.register(pipe.reader(), EnumSet.of(Poller.Ready.READ), r -> read());
  }

  /** For the process's output; close this side once it has been handed over. */
  Fd writer() {
    return pipe.writer();
  }

  private void read() {
    int n;
    try {
      n = hub.linux.descriptors().read(pipe.reader(), buffer, 0, buffer.length);
    } catch (ErrnoException e) {
      if (e.is(Errno.EAGAIN)) {
        return;
      }
      n = 0;
    }
    if (n <= 0) {
      end.complete(true);
      hub.background(registration::remove);
      return;
    }
    synchronized (kept) {
      kept.write(buffer, 0, Math.min(n, Math.max(0, keep - kept.size())));
    }
  }

  /** What was kept, once the process has ended; waits a moment for the last bytes. */
  String text() throws InterruptedException {
    try {
      end.get(1, TimeUnit.SECONDS);
    } catch (TimeoutException | java.util.concurrent.ExecutionException e) {
      // Somebody below the process holds its output open: what has come so far will do.
    }
    synchronized (kept) {
      return kept.toString(StandardCharsets.UTF_8);
    }
  }

  @Override
  public void close() {
    registration.remove();
    pipe.close();
  }
}

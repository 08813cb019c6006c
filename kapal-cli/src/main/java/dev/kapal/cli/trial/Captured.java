package dev.kapal.cli.trial;

import dev.kapal.engine.AttachRequest;
import dev.kapal.linux.Descriptors;
import dev.kapal.linux.ErrnoException;
import dev.kapal.linux.Fcntl;
import dev.kapal.linux.Linux;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * The output of a process, read by a thread of its own. Both streams go to one pipe. What exceeds a
 * limit is read and dropped, so that the process never waits for us.
 */
public final class Captured implements AutoCloseable {
  private static final int MOST = 1 << 20;

  private final Descriptors files;
  private final Descriptors.Pipe pipe;
  private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
  private final CountDownLatch first = new CountDownLatch(1);
  private final CountDownLatch end = new CountDownLatch(1);
  private volatile long firstAt;

  public Captured(Linux linux) {
    this.files = linux.descriptors();
    this.pipe = files.pipe(Fcntl.O_CLOEXEC);
    Thread.ofPlatform().daemon().name("kapal-capture").start(this::read);
  }

  /** For one process; closed by whoever it is given to. */
  public AttachRequest request() {
    AttachRequest request =
        AttachRequest.of(
            Optional.empty(),
            Optional.of(pipe.writer().duplicate()),
            Optional.of(pipe.writer().duplicate()));
    pipe.writer().close();
    return request;
  }

  private void read() {
    byte[] buffer = new byte[16384];
    try {
      for (int got; (got = files.read(pipe.reader(), buffer, 0, buffer.length)) > 0; ) {
        if (firstAt == 0) {
          firstAt = System.nanoTime();
          first.countDown();
        }
        synchronized (bytes) {
          bytes.write(buffer, 0, Math.min(got, MOST - bytes.size()));
        }
      }
    } catch (ErrnoException _) {
      // Closed while it was read: nobody wants the rest.
    } finally {
      pipe.reader().close();
      first.countDown();
      end.countDown();
    }
  }

  /** When the first byte came, by {@link System#nanoTime}; empty: none came in time. */
  public Optional<Long> first(Duration limit) throws InterruptedException {
    var _ = first.await(limit.toMillis(), TimeUnit.MILLISECONDS);
    return firstAt == 0 ? Optional.empty() : Optional.of(firstAt);
  }

  /** All of it, once every writer has closed its end; what there is when time is over. */
  public String text(Duration limit) throws InterruptedException {
    var _ = end.await(limit.toMillis(), TimeUnit.MILLISECONDS);
    synchronized (bytes) {
      return bytes.toString(StandardCharsets.UTF_8);
    }
  }

  @Override
  public void close() {
    // The reader ends, and closes its end, when the last writer is gone.
    pipe.writer().close();
  }
}

package dev.kapal.cri.service;

import dev.kapal.linux.Descriptors;
import dev.kapal.linux.Errno;
import dev.kapal.linux.ErrnoException;
import dev.kapal.linux.Fd;
import dev.kapal.linux.Linux;
import dev.kapal.linux.Poller;
import java.io.ByteArrayOutputStream;
import java.util.EnumSet;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Reads what commands print, all on one thread. All of it is read, so that a command never waits;
 * what goes beyond the largest message is dropped.
 */
final class OutputReader implements AutoCloseable {
  /** Both streams of one command together, which have to fit into one message of 16 MiB. */
  private static final int MOST = (16 << 20) - (64 << 10);

  /** For the last bytes, when something that the command left behind holds its output open. */
  private static final long GRACE_SECONDS = 1;

  private final Linux linux;
  private final Poller poller;
  private final byte[] buffer = new byte[1 << 16];

  OutputReader(Linux linux) {
    this.linux = linux;
    this.poller = linux.newPoller("cri-exec");
  }

  /** For one command. */
  Output open() {
    AtomicInteger room = new AtomicInteger(MOST);
    Capture out = new Capture(room);
    try {
      return new Output(out, new Capture(room));
    } catch (ErrnoException e) {
      out.close();
      throw e;
    }
  }

  /** The two streams of one command. */
  static final class Output implements AutoCloseable {
    private final Capture out;
    private final Capture err;

    private Output(Capture out, Capture err) {
      this.out = out;
      this.err = err;
    }

    /** For its standard output; whoever it is given to closes it. */
    Fd out() {
      return out.pipe.writer();
    }

    Fd err() {
      return err.pipe.writer();
    }

    /** All that came; for a command that has ended. */
    byte[] outBytes() throws InterruptedException {
      return out.bytes();
    }

    byte[] errBytes() throws InterruptedException {
      return err.bytes();
    }

    @Override
    public void close() {
      out.close();
      err.close();
    }
  }

  private final class Capture {
    final Descriptors.Pipe pipe = linux.descriptors().pipe(0);
    private final ByteArrayOutputStream kept = new ByteArrayOutputStream();
    private final CountDownLatch end = new CountDownLatch(1);
    private final AtomicInteger room;
    private volatile Optional<Poller.Registration> registration;

    Capture(AtomicInteger room) {
      this.room = room;
      this.registration = Optional.empty();
      this.registration =
          Optional.of(
              poller.register(pipe.reader(), EnumSet.of(Poller.Ready.READ), ready -> read()));
    }

    private void read() {
      int n;
      try {
        n = linux.descriptors().read(pipe.reader(), buffer, 0, buffer.length);
      } catch (ErrnoException e) {
        if (e.is(Errno.EAGAIN)) {
          return;
        }
        n = 0;
      }
      if (n <= 0) {
        // A hang-up is told again and again to who listens, whatever the interest.
        registration.ifPresent(Poller.Registration::remove);
        end.countDown();
        return;
      }
      int take = Math.min(n, room.get());
      room.addAndGet(-take);
      synchronized (kept) {
        kept.write(buffer, 0, take);
      }
    }

    byte[] bytes() throws InterruptedException {
      var _ = end.await(GRACE_SECONDS, TimeUnit.SECONDS);
      synchronized (kept) {
        return kept.toByteArray();
      }
    }

    void close() {
      registration.ifPresent(Poller.Registration::remove);
      pipe.close();
    }
  }

  @Override
  public void close() {
    poller.close();
  }
}

package dev.kapal.engine.core;

import dev.kapal.engine.DetachKeys;
import dev.kapal.linux.Errno;
import dev.kapal.linux.ErrnoException;
import dev.kapal.linux.Fd;
import dev.kapal.linux.Poller;
import java.util.EnumSet;
import java.util.Optional;
import java.util.Set;

/**
 * Passes what is typed on to a process, and looks for detach keys in it. Reads only when there is
 * something to read, on the poller's thread: it never sits in a read of the client's terminal,
 * where it would steal the next key from whoever has the terminal afterwards.
 *
 * <p>At most one buffer is under way: while the process does not take it, nothing more is read.
 */
final class InputPump implements AutoCloseable {
  private static final int BUFFER = 4096;

  private final Hub hub;
  private final Fd from;
  private final Fd to;
  private final KeyMatcher keys;
  private final Runnable onDetach;
  private final byte[] buffer = new byte[BUFFER];
  private byte[] pending = new byte[0];
  private Optional<Poller.Registration> reading = Optional.empty();
  private Optional<Poller.Registration> writing = Optional.empty();
  private boolean started;
  private boolean closed;

  InputPump(Hub hub, Fd from, Fd to, DetachKeys keys, Runnable onDetach) {
    this.hub = hub;
    this.from = from;
    this.to = to;
    this.keys = new KeyMatcher(keys);
    this.onDetach = onDetach;
    hub.linux.sockets().nonBlocking(to, true);
  }

  synchronized void start() {
    started = true;
    reading =
        Optional.of(hub.poller.register(from, EnumSet.of(Poller.Ready.READ), ready -> readable()));
  }

  private void readable() {
    boolean detach = false;
    synchronized (this) {
      if (closed || pending.length > 0) {
        return;
      }
      int n;
      try {
        n = hub.linux.descriptors().read(from, buffer, 0, buffer.length);
      } catch (ErrnoException e) {
        if (e.is(Errno.EAGAIN)) {
          return;
        }
        n = 0;
      }
      if (n <= 0) {
        finishInput();
        return;
      }
      KeyMatcher.Result r = keys.feed(buffer, n);
      pending = r.pass();
      detach = r.matched();
      flush();
    }
    if (detach) {
      // Not on this thread: closing waits for handlers of the poller.
      hub.background(onDetach);
    }
  }

  /** The client's end: the process sees the end of its input once the writer is closed. */
  private void finishInput() {
    reading.ifPresent(Poller.Registration::remove);
    reading = Optional.empty();
    if (pending.length == 0) {
      to.close();
    }
  }

  private void flush() {
    try {
      int done = 0;
      while (done < pending.length) {
        done += hub.linux.descriptors().write(to, pending, done, pending.length - done);
        if (done < pending.length) {
          pending = java.util.Arrays.copyOfRange(pending, done, pending.length);
          done = 0;
        }
      }
      pending = new byte[0];
      writing.ifPresent(w -> w.interest(Set.of()));
      reading.ifPresent(r -> r.interest(EnumSet.of(Poller.Ready.READ)));
    } catch (ErrnoException e) {
      if (!e.is(Errno.EAGAIN)) {
        // The process does not read any more: what is typed goes nowhere.
        pending = new byte[0];
        return;
      }
      reading.ifPresent(r -> r.interest(Set.of()));
      if (writing.isEmpty()) {
        writing =
            Optional.of(
                hub.poller.register(to, EnumSet.of(Poller.Ready.WRITE), ready -> writable()));
      } else {
        writing.get().interest(EnumSet.of(Poller.Ready.WRITE));
      }
    }
  }

  private synchronized void writable() {
    if (!closed && pending.length > 0) {
      flush();
    }
  }

  synchronized void closeUnlessStarted() {
    if (!started) {
      from.close();
      to.close();
      closed = true;
    }
  }

  @Override
  public void close() {
    Optional<Poller.Registration> r;
    Optional<Poller.Registration> w;
    synchronized (this) {
      if (closed) {
        return;
      }
      closed = true;
      r = reading;
      w = writing;
    }
    r.ifPresent(Poller.Registration::remove);
    w.ifPresent(Poller.Registration::remove);
    from.close();
    to.close();
  }
}

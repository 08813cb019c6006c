package dev.kapal.runtime.ttrpc;

import dev.kapal.linux.Errno;
import dev.kapal.linux.ErrnoException;
import dev.kapal.linux.Fd;
import dev.kapal.linux.Linux;
import dev.kapal.linux.Poller;
import dev.kapal.linux.Sockets;
import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;

/** One connection: frames come in on the poller's thread, and go out from any. Owns its socket. */
final class Channel implements AutoCloseable {
  /** What comes in. Called by the poller's thread: must not block. */
  interface Listener {
    void received(Frame frame);

    /** Called once, unless it was closed from here. */
    void lost(String why);
  }

  private static final int CHUNK = 16384;

  private final Linux linux;
  private final Fd socket;
  private final Listener listener;
  private final FrameReader reader = new FrameReader();
  private final byte[] chunk = new byte[CHUNK];
  private final Object sending = new Object();
  private final CompletableFuture<Poller.Registration> registration = new CompletableFuture<>();
  private final AtomicBoolean open = new AtomicBoolean(true);

  private Channel(Linux linux, Fd socket, Listener listener) {
    this.linux = linux;
    this.socket = socket;
    this.listener = listener;
  }

  /** Takes over a connected stream socket. */
  static Channel open(Linux linux, Poller poller, Fd socket, Listener listener) {
    linux.sockets().nonBlocking(socket, true);
    Channel channel = new Channel(linux, socket, listener);
    channel.registration.complete(
        poller.register(socket, EnumSet.of(Poller.Ready.READ), channel::ready));
    return channel;
  }

  boolean isOpen() {
    return open.get();
  }

  private void ready(Set<Poller.Ready> what) {
    try (Sockets.Received got = linux.sockets().receive(socket, chunk, 0, chunk.length, 0)) {
      if (got.length() == 0) {
        lose("the other end has closed the connection");
        return;
      }
      reader.feed(chunk, got.length(), listener::received);
    } catch (ErrnoException e) {
      if (!e.is(Errno.EAGAIN)) {
        lose(e.errno().message());
      }
    } catch (TtrpcException e) {
      lose(String.valueOf(e.getMessage()));
    }
  }

  /**
   * Sends a frame as a whole.
   *
   * @throws TtrpcException if the connection is gone, or takes nothing for so long; it is closed
   *     then, since half a frame may be on its way
   */
  void send(Frame frame, Duration limit) {
    if (frame.payload().length > Frame.MOST) {
      throw new TtrpcException(
          TtrpcException.RESOURCE_EXHAUSTED,
          "a message of " + frame.payload().length + " bytes is longer than ttrpc allows");
    }
    byte[] bytes = frame.encode();
    long end = System.nanoTime() + limit.toNanos();
    synchronized (sending) {
      for (int done = 0; done < bytes.length; ) {
        if (!open.get()) {
          throw new TtrpcException(TtrpcException.UNAVAILABLE, "the connection is closed");
        }
        try {
          done += linux.sockets().send(socket, bytes, done, bytes.length - done, List.of());
        } catch (ErrnoException e) {
          if (!e.is(Errno.EAGAIN)) {
            lose(e.errno().message());
            throw new TtrpcException(TtrpcException.UNAVAILABLE, e.errno().message(), e);
          }
          if (System.nanoTime() - end > 0) {
            lose("it takes no data");
            throw new TtrpcException(
                TtrpcException.DEADLINE_EXCEEDED, "the other end takes no data", e);
          }
          LockSupport.parkNanos(500_000);
        }
      }
    }
  }

  /**
   * Whoever comes first closes. Removing waits for the poller's thread, which must therefore not
   * wait for the lock; closing takes it, so that nobody sends on a number that others have got.
   */
  private boolean shut() {
    if (!open.compareAndSet(true, false)) {
      return false;
    }
    registration.join().remove();
    synchronized (sending) {
      socket.close();
    }
    return true;
  }

  private void lose(String why) {
    if (shut()) {
      listener.lost(why);
    }
  }

  @Override
  public void close() {
    shut();
  }
}

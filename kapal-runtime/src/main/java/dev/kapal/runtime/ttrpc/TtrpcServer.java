package dev.kapal.runtime.ttrpc;

import dev.kapal.linux.Errno;
import dev.kapal.linux.ErrnoException;
import dev.kapal.linux.Fd;
import dev.kapal.linux.Linux;
import dev.kapal.linux.Poller;
import dev.kapal.runtime.wire.Message;
import dev.kapal.runtime.wire.MessageWriter;
import dev.kapal.runtime.wire.WireException;
import java.time.Duration;
import java.util.EnumSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The answering end: accepts connections on a listening stream socket, and answers each request on
 * a virtual thread of its own. Streaming is refused. Owns the listener.
 */
public final class TtrpcServer implements AutoCloseable {
  /** What is served. */
  @FunctionalInterface
  public interface Service {
    /**
     * Answers a request; may block.
     *
     * @return the answer's payload
     * @throws TtrpcException with what to tell the caller
     */
    byte[] answer(String service, String method, byte[] payload);
  }

  private static final Duration SEND = Duration.ofSeconds(5);
  private static final int CONNECTIONS = 64;
  private static final int AT_ONCE = 64;

  private final Linux linux;
  private final Poller poller;
  private final Fd listener;
  private final Service service;
  private final Map<Connection, Boolean> connections = new ConcurrentHashMap<>();
  private final Poller.Registration registration;
  private volatile boolean closed;

  private TtrpcServer(Linux linux, Poller poller, Fd listener, Service service) {
    this.linux = linux;
    this.poller = poller;
    this.listener = listener;
    this.service = service;
    linux.sockets().nonBlocking(listener, true);
    this.registration = poller.register(listener, EnumSet.of(Poller.Ready.READ), this::accept);
  }

  /** Serves from now on. */
  public static TtrpcServer over(Linux linux, Poller poller, Fd listener, Service service) {
    return new TtrpcServer(linux, poller, listener, service);
  }

  private void accept(Set<Poller.Ready> what) {
    try {
      Fd socket = linux.sockets().accept(listener);
      if (connections.size() >= CONNECTIONS) {
        socket.close();
        return;
      }
      Connection connection = new Connection();
      connections.put(connection, true);
      connection.open(socket);
    } catch (ErrnoException e) {
      if (!e.is(Errno.EAGAIN)) {
        System.getLogger(TtrpcServer.class.getName())
            .log(System.Logger.Level.WARNING, "A connection cannot be accepted", e);
      }
    }
  }

  /** A peer. Its frames come on the poller's thread. */
  private final class Connection implements Channel.Listener {
    private final AtomicInteger running = new AtomicInteger();
    private volatile java.util.Optional<Channel> channel = java.util.Optional.empty();

    void open(Fd socket) {
      // On the poller's thread, so that nothing can come before the channel is known.
      Channel opened = Channel.open(linux, poller, socket, this);
      channel = java.util.Optional.of(opened);
      if (closed) {
        opened.close();
      }
    }

    @Override
    public void received(Frame frame) {
      if (frame.type() != Frame.REQUEST || (frame.stream() & 1) == 0) {
        return;
      }
      long arrived = System.nanoTime();
      if (running.incrementAndGet() > AT_ONCE) {
        running.decrementAndGet();
        Thread.startVirtualThread(() ->
            reply(frame.stream(), TtrpcException.RESOURCE_EXHAUSTED, "too many requests at once"));
        return;
      }
      Thread.startVirtualThread(() -> {
        try {
          serve(frame, arrived);
        } finally {
          running.decrementAndGet();
        }
      });
    }

    private void serve(Frame frame, long arrived) {
      if ((frame.flags() & Frame.REMOTE_OPEN) != 0) {
        reply(frame.stream(), TtrpcException.UNIMPLEMENTED, "streaming is not served");
        return;
      }
      try {
        Message request = Message.parse(frame.payload());
        byte[] payload = service.answer(request.text(1), request.text(2), request.bytes(3));
        long limit = request.number(4);
        if (limit > 0 && System.nanoTime() - arrived > limit) {
          reply(frame.stream(), TtrpcException.DEADLINE_EXCEEDED, "it took too long");
          return;
        }
        send(frame.stream(), new MessageWriter().bytes(2, payload));
      } catch (TtrpcException e) {
        reply(frame.stream(), e.code(), String.valueOf(e.getMessage()));
      } catch (WireException e) {
        reply(frame.stream(), TtrpcException.INVALID_ARGUMENT, String.valueOf(e.getMessage()));
      } catch (RuntimeException e) {
        System.getLogger(TtrpcServer.class.getName())
            .log(System.Logger.Level.ERROR, "A request failed", e);
        reply(frame.stream(), TtrpcException.INTERNAL, "the request failed");
      }
    }

    private void reply(int stream, int code, String message) {
      send(
          stream,
          new MessageWriter().message(1, new MessageWriter().number(1, code).text(2, message)));
    }

    private void send(int stream, MessageWriter response) {
      try {
        channel.ifPresent(
            c -> c.send(new Frame(stream, Frame.RESPONSE, 0, response.toBytes()), SEND));
      } catch (TtrpcException _) {
        // It has gone: nobody to tell.
      }
    }

    @Override
    public void lost(String why) {
      connections.remove(this);
    }

    void close() {
      channel.ifPresent(Channel::close);
    }
  }

  /** Ends all connections; requests under way go on, and their answers go nowhere. */
  @Override
  public void close() {
    closed = true;
    registration.remove();
    listener.close();
    connections.keySet().forEach(Connection::close);
    connections.clear();
  }
}

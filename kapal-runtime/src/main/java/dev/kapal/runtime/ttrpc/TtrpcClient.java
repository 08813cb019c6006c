package dev.kapal.runtime.ttrpc;

import dev.kapal.linux.Fd;
import dev.kapal.linux.Linux;
import dev.kapal.linux.Poller;
import dev.kapal.runtime.wire.Message;
import dev.kapal.runtime.wire.MessageWriter;
import dev.kapal.runtime.wire.WireException;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;

/**
 * The calling end of a connection. Any number of threads may call at the same time; a call of which
 * nobody waits for the answer any more does no harm to others. Streaming is not used.
 */
public final class TtrpcClient implements AutoCloseable {
  private static final Duration SEND = Duration.ofSeconds(10);

  private final Map<Integer, CompletableFuture<byte[]>> waiting = new ConcurrentHashMap<>();
  private final AtomicInteger lastStream = new AtomicInteger(-1);
  private final Consumer<String> lost;
  private final Channel channel;
  private volatile String gone = "";

  private TtrpcClient(Linux linux, Poller poller, Fd socket, Consumer<String> lost) {
    this.lost = lost;
    this.channel = Channel.open(linux, poller, socket, new Incoming());
  }

  /**
   * Takes over a connected stream socket.
   *
   * @param lost called once, with the reason, when the connection breaks; not when it is closed
   *     from here. On the poller's thread: must not block
   */
  public static TtrpcClient over(Linux linux, Poller poller, Fd socket, Consumer<String> lost) {
    return new TtrpcClient(linux, poller, socket, lost);
  }

  /** Whether calls can be made. */
  public boolean isOpen() {
    return channel.isOpen();
  }

  /**
   * Calls, and waits for the answer.
   *
   * @throws TtrpcException with what the other end says, or DEADLINE_EXCEEDED, or UNAVAILABLE when
   *     the connection is gone, or CANCELLED when the thread is interrupted
   */
  public byte[] call(String service, String method, byte[] payload, Duration limit) {
    Call call = start(service, method, payload, limit);
    try {
      return call.answer().get(limit.toNanos(), TimeUnit.NANOSECONDS);
    } catch (TimeoutException e) {
      call.cancel();
      throw new TtrpcException(
          TtrpcException.DEADLINE_EXCEEDED,
          "no answer to " + method + " within " + limit.toMillis() + " ms",
          e);
    } catch (ExecutionException e) {
      throw e.getCause() instanceof TtrpcException own
          ? new TtrpcException(own.code(), String.valueOf(own.getMessage()), own)
          : new TtrpcException(TtrpcException.INTERNAL, String.valueOf(e.getMessage()), e);
    } catch (InterruptedException e) {
      call.cancel();
      Thread.currentThread().interrupt();
      throw new TtrpcException(
          TtrpcException.CANCELLED, "interrupted while waiting for " + method, e);
    }
  }

  /** A call under way. */
  public final class Call {
    private final int stream;
    private final CompletableFuture<byte[]> answer;

    private Call(int stream, CompletableFuture<byte[]> answer) {
      this.stream = stream;
      this.answer = answer;
    }

    /** The answer, or a {@link TtrpcException}. Completed by the poller's thread. */
    public CompletableFuture<byte[]> answer() {
      return answer;
    }

    /** Nobody wants the answer any more; the other end may go on all the same. */
    public void cancel() {
      waiting.remove(stream);
      answer.completeExceptionally(
          new TtrpcException(TtrpcException.CANCELLED, "the call was cancelled"));
    }
  }

  /**
   * Calls, and does not wait.
   *
   * @param limit how long the other end may take; zero: as long as it likes
   */
  public Call start(String service, String method, byte[] payload, Duration limit) {
    byte[] request =
        new MessageWriter()
            .text(1, service)
            .text(2, method)
            .bytes(3, payload)
            .number(4, limit.toNanos())
            .toBytes();
    int stream = lastStream.addAndGet(2);
    CompletableFuture<byte[]> answer = new CompletableFuture<>();
    waiting.put(stream, answer);
    try {
      channel.send(new Frame(stream, Frame.REQUEST, 0, request), SEND);
    } catch (TtrpcException e) {
      if (e.code() != TtrpcException.UNAVAILABLE) {
        waiting.remove(stream);
        answer.completeExceptionally(e);
      }
    }
    if (!gone.isEmpty()) {
      // Whoever has failed all calls may not have seen this one; with no reason yet, he will.
      fail(stream, gone);
    }
    return new Call(stream, answer);
  }

  private void fail(int stream, String why) {
    CompletableFuture<byte[]> answer = waiting.remove(stream);
    if (answer != null) {
      answer.completeExceptionally(new TtrpcException(TtrpcException.UNAVAILABLE, why));
    }
  }

  private void failAll(String why) {
    waiting.keySet().forEach(stream -> fail(stream, why));
  }

  private final class Incoming implements Channel.Listener {
    @Override
    public void received(Frame frame) {
      CompletableFuture<byte[]> answer = waiting.remove(frame.stream());
      if (answer == null) {
        return;
      }
      if (frame.type() != Frame.RESPONSE) {
        answer.completeExceptionally(
            new TtrpcException(
                TtrpcException.INTERNAL,
                "a frame of type " + frame.type() + " came in the place of an answer"));
        return;
      }
      try {
        Message response = Message.parse(frame.payload());
        Message status = response.message(1);
        int code = (int) status.number(1);
        if (code == 0) {
          answer.complete(response.bytes(2));
        } else {
          answer.completeExceptionally(new TtrpcException(code, status.text(2)));
        }
      } catch (WireException e) {
        answer.completeExceptionally(
            new TtrpcException(TtrpcException.INTERNAL, "the answer is damaged", e));
      }
    }

    @Override
    public void lost(String why) {
      gone = why;
      failAll(why);
      lost.accept(why);
    }
  }

  /** Calls that are under way fail. */
  @Override
  public void close() {
    if (gone.isEmpty()) {
      gone = "the connection was closed";
    }
    channel.close();
    failAll(gone);
  }
}

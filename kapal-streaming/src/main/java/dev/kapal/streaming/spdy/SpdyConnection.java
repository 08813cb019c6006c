package dev.kapal.streaming.spdy;

import dev.kapal.streaming.pipe.FrameOutput;
import dev.kapal.streaming.pipe.InputPipe;
import dev.kapal.streaming.pipe.ReadGate;
import dev.kapal.streaming.pipe.Sending;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.codec.spdy.DefaultSpdyDataFrame;
import io.netty.handler.codec.spdy.DefaultSpdyGoAwayFrame;
import io.netty.handler.codec.spdy.DefaultSpdyPingFrame;
import io.netty.handler.codec.spdy.DefaultSpdyRstStreamFrame;
import io.netty.handler.codec.spdy.DefaultSpdySynReplyFrame;
import io.netty.handler.codec.spdy.DefaultSpdyWindowUpdateFrame;
import io.netty.handler.codec.spdy.SpdyDataFrame;
import io.netty.handler.codec.spdy.SpdyFrame;
import io.netty.handler.codec.spdy.SpdyFrameCodec;
import io.netty.handler.codec.spdy.SpdyGoAwayFrame;
import io.netty.handler.codec.spdy.SpdyPingFrame;
import io.netty.handler.codec.spdy.SpdyRstStreamFrame;
import io.netty.handler.codec.spdy.SpdySessionStatus;
import io.netty.handler.codec.spdy.SpdyStreamStatus;
import io.netty.handler.codec.spdy.SpdySynReplyFrame;
import io.netty.handler.codec.spdy.SpdySynStreamFrame;
import io.netty.handler.codec.spdy.SpdyVersion;
import java.io.IOException;
import java.time.Duration;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The server's end of a SPDY/3.1 connection.
 *
 * <p>Windows: the clients of Kubernetes (moby/spdystream) neither keep nor update them, so nothing
 * here waits for a window; the socket's own flow control bounds what is sent. What has been read is
 * acknowledged with WINDOW_UPDATE nevertheless, for clients that do wait, a quarter of a window at
 * a time.
 *
 * <p>A client that asks and never reads the answers is sent away before they fill the memory.
 */
@SuppressWarnings(
    "FutureReturnValueIgnored") // a connection that was lost is noticed by its handlers
public final class SpdyConnection extends SimpleChannelInboundHandler<SpdyFrame> {
  /** Streams open at a time; a port-forward needs two for each connection. */
  private static final int MAX_STREAMS = 1024;

  private static final int MAX_FRAME = 64 * 1024;
  private static final int MAX_HEADERS = 16 * 1024;

  /** Answers that the client has not taken yet. */
  private static final int MAX_ANSWERS = 8192;

  /** Bytes read before the client is told. */
  private static final int ACKNOWLEDGED = 16 * 1024;

  private final Channel channel;
  private final ReadGate gate;
  private final Map<Integer, SpdyStream> streams = new ConcurrentHashMap<>();
  private final BlockingQueue<Optional<SpdyStream>> opened = new LinkedBlockingQueue<>();
  private final CompletableFuture<String> gone = new CompletableFuture<>();
  private final AtomicInteger read = new AtomicInteger();
  private int lastId;
  private int answers;

  private SpdyConnection(Channel channel) {
    this.channel = channel;
    this.gate = ReadGate.on(channel);
  }

  /** Takes over a connection whose pipeline has been freed of HTTP. Call on its event loop. */
  public static SpdyConnection on(Channel channel) {
    SpdyConnection connection = new SpdyConnection(channel);
    channel
        .pipeline()
        .addLast(
            "spdy-frames",
            new SpdyFrameCodec(SpdyVersion.SPDY_3_1, MAX_FRAME, MAX_HEADERS, 6, 15, 8))
        .addLast("spdy-streams", connection);
    return connection;
  }

  /**
   * The next stream that the client opens.
   *
   * @return empty when none came in time
   * @throws IOException the client has gone
   */
  public Optional<SpdyStream> accept(Duration patience) throws IOException, InterruptedException {
    Optional<SpdyStream> next = opened.poll(patience.toNanos(), TimeUnit.NANOSECONDS);
    if (next == null) {
      return Optional.empty();
    }
    if (next.isEmpty()) {
      opened.add(next); // for whoever asks again
      throw new IOException(gone.getNow("the client has gone"));
    }
    return next;
  }

  /** Completed, with the reason, when the connection is over. */
  public CompletableFuture<String> gone() {
    return gone;
  }

  /** Forgets a stream of which nothing more is expected, in either direction. */
  public void forget(SpdyStream stream) {
    streams.remove(stream.id());
    stream.input().close();
  }

  /** Tells the client that the connection ends, and closes it once the client has. */
  public void finish(Duration patience) {
    channel
        .writeAndFlush(new DefaultSpdyGoAwayFrame(lastId, SpdySessionStatus.OK))
        .addListener(done -> lingeringClose(patience));
  }

  /**
   * Closing a socket with bytes unread resets it, and the client would lose the end of its output:
   * so what still comes is read and dropped for a while.
   */
  private void lingeringClose(Duration patience) {
    streams.values().forEach(stream -> stream.input().close());
    if (channel instanceof io.netty.channel.socket.DuplexChannel duplex
        && channel.pipeline().get(io.netty.handler.ssl.SslHandler.class) == null) {
      duplex.shutdownOutput();
    }
    gate.open();
    channel
        .eventLoop()
        .schedule((Runnable) channel::close, patience.toMillis(), TimeUnit.MILLISECONDS);
  }

  @Override
  protected void channelRead0(ChannelHandlerContext context, SpdyFrame frame) {
    switch (frame) {
      case SpdyDataFrame data -> received(data);
      case SpdySynStreamFrame syn -> open(syn);
      case SpdyRstStreamFrame reset -> reset(reset);
      case SpdyPingFrame ping -> {
        if ((ping.id() & 1) == 1) { // an even one would be an answer to the server's own
          answer(new DefaultSpdyPingFrame(ping.id()));
        }
      }
      case SpdyGoAwayFrame ignored -> {
        // No further streams; those that are open go on.
      }
      default -> {
        // SETTINGS, WINDOW_UPDATE, HEADERS: nothing here depends on them.
      }
    }
  }

  private void open(SpdySynStreamFrame syn) {
    int id = syn.streamId();
    if (syn.isInvalid() || syn.isTruncated() || syn.isUnidirectional() || id % 2 == 0) {
      answer(new DefaultSpdyRstStreamFrame(id, SpdyStreamStatus.PROTOCOL_ERROR));
      return;
    }
    if (id <= lastId) {
      fail("the client opened stream " + id + " after stream " + lastId);
      return;
    }
    lastId = id;
    // Those that were reset before anybody took them count, too.
    if (streams.size() >= MAX_STREAMS || opened.size() >= MAX_STREAMS) {
      answer(new DefaultSpdyRstStreamFrame(id, SpdyStreamStatus.REFUSED_STREAM));
      return;
    }
    Map<String, String> headers = new HashMap<>();
    syn.headers()
        .forEach(h ->
            headers.put(h.getKey().toString().toLowerCase(Locale.ROOT), h.getValue().toString()));
    AtomicInteger taken = new AtomicInteger();
    SpdyStream stream =
        new SpdyStream(
            id, headers, new InputPipe(n -> consumed(id, taken, n)), new FrameOutput(sink(id)));
    streams.put(id, stream);
    if (syn.isLast()) {
      stream.input().end();
    }
    // Without any header the codec leaves the block out, and the clients of Kubernetes wait for it.
    SpdySynReplyFrame reply = new DefaultSpdySynReplyFrame(id);
    reply.headers().set(":status", "200");
    answer(reply);
    opened.add(Optional.of(stream));
  }

  private void received(SpdyDataFrame data) {
    SpdyStream stream = streams.get(data.streamId());
    if (stream == null) {
      if (data.streamId() > lastId) {
        answer(new DefaultSpdyRstStreamFrame(data.streamId(), SpdyStreamStatus.INVALID_STREAM));
      }
      return;
    }
    byte[] bytes = ByteBufUtil.getBytes(data.content());
    gate.arrived(bytes.length);
    stream.input().put(bytes);
    if (data.isLast()) {
      stream.input().end();
    }
  }

  /** Answers what the client sent; on the event loop. */
  private void answer(SpdyFrame frame) {
    if (answers >= MAX_ANSWERS) {
      fail("the client does not read what it is answered");
      return;
    }
    answers++;
    channel.writeAndFlush(frame).addListener(done -> answers--);
  }

  private void consumed(int id, AtomicInteger ofStream, int bytes) {
    gate.consumed(bytes);
    acknowledge(0, read, bytes);
    acknowledge(id, ofStream, bytes);
  }

  private void acknowledge(int id, AtomicInteger taken, int bytes) {
    int sum = taken.addAndGet(bytes);
    if (sum >= ACKNOWLEDGED && taken.compareAndSet(sum, 0)) {
      channel.writeAndFlush(new DefaultSpdyWindowUpdateFrame(id, sum));
    }
  }

  private void reset(SpdyRstStreamFrame reset) {
    SpdyStream stream = streams.remove(reset.streamId());
    if (stream != null) {
      stream.input().fail("the client reset the stream: " + reset.status());
    }
  }

  private FrameOutput.Sink sink(int id) {
    return new FrameOutput.Sink() {
      @Override
      public void send(byte[] bytes, int offset, int length) throws IOException {
        if (!streams.containsKey(id)) {
          throw new IOException("the client closed the stream");
        }
        Sending.send(
            channel, new DefaultSpdyDataFrame(id, Unpooled.copiedBuffer(bytes, offset, length)));
      }

      @Override
      public void end() throws IOException {
        DefaultSpdyDataFrame last = new DefaultSpdyDataFrame(id);
        last.setLast(true);
        Sending.send(channel, last);
      }
    };
  }

  @Override
  public void channelInactive(ChannelHandlerContext context) {
    end("the client has gone");
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
    fail("the connection to the client failed: " + cause.getMessage());
  }

  private void fail(String reason) {
    channel
        .writeAndFlush(new DefaultSpdyGoAwayFrame(lastId, SpdySessionStatus.PROTOCOL_ERROR))
        .addListener(ChannelFutureListener.CLOSE);
    end(reason);
  }

  private void end(String reason) {
    streams.values().forEach(stream -> stream.input().fail(reason));
    gone.complete(reason);
    opened.add(Optional.empty());
  }
}

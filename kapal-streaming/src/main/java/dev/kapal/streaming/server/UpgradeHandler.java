package dev.kapal.streaming.server;

import dev.kapal.streaming.StreamRequest;
import dev.kapal.streaming.StreamingTargets;
import dev.kapal.streaming.spdy.SpdyConnection;
import dev.kapal.streaming.websocket.ChannelConnection;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPipeline;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.DefaultHttpResponse;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.websocketx.WebSocketDecoderConfig;
import io.netty.handler.codec.http.websocketx.WebSocketFrameAggregator;
import io.netty.handler.codec.http.websocketx.WebSocketServerHandshaker;
import io.netty.handler.codec.http.websocketx.WebSocketServerHandshakerFactory;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Reads the one HTTP request of a connection and turns the connection into what it asks for. */
@SuppressWarnings(
    "FutureReturnValueIgnored") // a connection that was lost is noticed by its handlers
final class UpgradeHandler extends SimpleChannelInboundHandler<FullHttpRequest> {
  /** The largest message of a WebSocket client. */
  private static final int MAX_MESSAGE = 4 * 1024 * 1024;

  private static final System.Logger LOG = System.getLogger(UpgradeHandler.class.getName());

  private final Tokens tokens;
  private final StreamingTargets targets;
  private final Duration setupTime;

  UpgradeHandler(Tokens tokens, StreamingTargets targets, Duration setupTime) {
    this.tokens = tokens;
    this.targets = targets;
    this.setupTime = setupTime;
  }

  @Override
  protected void channelRead0(ChannelHandlerContext context, FullHttpRequest http) {
    if (http.decoderResult().isFailure()) {
      refuse(context, 400, "not a request of HTTP/1.1", List.of());
      return;
    }
    List<String> path = List.of(http.uri().split("\\?", 2)[0].split("/", -1));
    Optional<Upgrade.StreamKind> kind =
        path.size() == 3 ? Upgrade.StreamKind.ofPath(path.get(1)) : Optional.empty();
    if (kind.isEmpty()) {
      refuse(context, 404, "there is nothing here", List.of());
      return;
    }
    // A request that could not be served must not spend the token: the client tries another way.
    Upgrade upgrade = Upgrade.of(http, kind.get());
    if (upgrade instanceof Upgrade.Refused refused) {
      refuse(context, refused.status(), refused.reason(), refused.accepted());
      return;
    }
    Optional<StreamRequest> request =
        tokens.redeem(path.get(2)).filter(r -> r.path().equals(path.get(1)));
    if (request.isEmpty()) {
      refuse(
          context,
          404,
          "this URL was used already or has expired: each is good once, for a minute",
          List.of());
      return;
    }
    become(context, http, upgrade, request.get());
  }

  private void become(
      ChannelHandlerContext context, FullHttpRequest http, Upgrade upgrade, StreamRequest request) {
    switch (upgrade) {
      case Upgrade.Spdy(String protocol) -> {
        SpdyConnection connection = spdy(context, protocol);
        serve(context.channel(), () -> overSpdy(connection, protocol, request));
      }
      case Upgrade.Tunnel() ->
          handshake(
              context,
              http,
              Upgrade.TUNNEL,
              channel -> {
                channel.pipeline().addLast(new MessageBytes());
                SpdyConnection connection = SpdyConnection.on(channel);
                serve(channel, () -> overSpdy(connection, SpdyPortForward.PROTOCOL, request));
              });
      case Upgrade.WebSocket(var protocol) ->
          handshake(
              context,
              http,
              protocol.header(),
              channel -> {
                List<Integer> inputs =
                    request instanceof StreamRequest.PortForward forward
                        ? WebSocketPortForward.inputs(forward)
                        : WebSocketCommand.INPUTS;
                ChannelConnection connection = new ChannelConnection(channel, protocol, inputs);
                channel.pipeline().addLast(connection);
                serve(channel, () -> overWebSocket(connection, request));
              });
      case Upgrade.Refused refused -> throw new IllegalStateException(refused.reason());
    }
  }

  private SpdyConnection spdy(ChannelHandlerContext context, String protocol) {
    HttpResponse response =
        new DefaultHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.SWITCHING_PROTOCOLS);
    response
        .headers()
        .set(HttpHeaderNames.CONNECTION, HttpHeaderValues.UPGRADE)
        .set(HttpHeaderNames.UPGRADE, "SPDY/3.1")
        .set(Upgrade.STREAM_PROTOCOL, protocol);
    context.writeAndFlush(response);
    ChannelPipeline pipeline = context.pipeline();
    SpdyConnection connection = SpdyConnection.on(context.channel());
    pipeline.remove(this);
    pipeline.remove(HttpObjectAggregator.class);
    pipeline.remove(HttpServerCodec.class); // passes on what it has read beyond the request
    return connection;
  }

  private void handshake(
      ChannelHandlerContext context,
      FullHttpRequest http,
      String subprotocol,
      Consumer<Channel> then) {
    WebSocketDecoderConfig config =
        WebSocketDecoderConfig.newBuilder().maxFramePayloadLength(MAX_MESSAGE).build();
    @Nullable String named = subprotocol.isEmpty() ? null : subprotocol;
    @Nullable WebSocketServerHandshaker handshaker =
        new WebSocketServerHandshakerFactory(http.uri(), named, config).newHandshaker(http);
    if (handshaker == null) {
      refuse(context, 426, "WebSocket version 13 is spoken here", List.of());
      return;
    }
    Channel channel = context.channel();
    handshaker
        .handshake(channel, http)
        .addListener(
            (ChannelFutureListener)
                done -> {
                  if (!done.isSuccess()) {
                    channel.close();
                    return;
                  }
                  channel.pipeline().remove(this);
                  channel.pipeline().addLast(new WebSocketFrameAggregator(MAX_MESSAGE));
                  then.accept(channel);
                });
  }

  /** Work that waits. */
  private interface Work {
    void run() throws IOException, InterruptedException;
  }

  private static void serve(Channel channel, Work work) {
    Thread.ofVirtual()
        .name("stream-" + channel.id().asShortText())
        .start(() -> {
          try {
            work.run();
          } catch (IOException e) {
            LOG.log(System.Logger.Level.DEBUG, "a stream ended: {0}", e.getMessage());
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          } catch (RuntimeException e) {
            LOG.log(System.Logger.Level.ERROR, "a stream failed", e);
            channel.close();
          }
        });
  }

  private void overSpdy(SpdyConnection connection, String protocol, StreamRequest request)
      throws IOException, InterruptedException {
    if (request instanceof StreamRequest.PortForward forward) {
      new SpdyPortForward(connection, targets, forward, setupTime).run();
    } else {
      new SpdyCommand(connection, protocol, setupTime).run(targets, request);
    }
  }

  private void overWebSocket(ChannelConnection connection, StreamRequest request)
      throws IOException, InterruptedException {
    if (request instanceof StreamRequest.PortForward forward) {
      new WebSocketPortForward(connection, targets, forward).run();
    } else {
      new WebSocketCommand(connection).run(targets, request);
    }
  }

  private static void refuse(
      ChannelHandlerContext context, int status, String reason, List<String> accepted) {
    DefaultFullHttpResponse response =
        new DefaultFullHttpResponse(
            HttpVersion.HTTP_1_1,
            HttpResponseStatus.valueOf(status),
            Unpooled.copiedBuffer(reason + "\n", StandardCharsets.UTF_8));
    response
        .headers()
        .set(HttpHeaderNames.CONTENT_TYPE, "text/plain; charset=utf-8")
        .set(HttpHeaderNames.CONTENT_LENGTH, response.content().readableBytes())
        .set(HttpHeaderNames.CONNECTION, HttpHeaderValues.CLOSE);
    if (!accepted.isEmpty()) {
      response.headers().set(Upgrade.ACCEPTED_PROTOCOLS, accepted);
    }
    context.writeAndFlush(response).addListener(ChannelFutureListener.CLOSE);
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
    LOG.log(System.Logger.Level.DEBUG, "a streaming connection failed: {0}", cause.getMessage());
    context.close();
  }
}

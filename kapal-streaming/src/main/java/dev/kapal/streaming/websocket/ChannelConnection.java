package dev.kapal.streaming.websocket;

import dev.kapal.streaming.pipe.FrameOutput;
import dev.kapal.streaming.pipe.InputPipe;
import dev.kapal.streaming.pipe.ReadGate;
import dev.kapal.streaming.pipe.Sending;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.codec.http.websocketx.BinaryWebSocketFrame;
import io.netty.handler.codec.http.websocketx.CloseWebSocketFrame;
import io.netty.handler.codec.http.websocketx.PingWebSocketFrame;
import io.netty.handler.codec.http.websocketx.PongWebSocketFrame;
import io.netty.handler.codec.http.websocketx.TextWebSocketFrame;
import io.netty.handler.codec.http.websocketx.WebSocketCloseStatus;
import io.netty.handler.codec.http.websocketx.WebSocketFrame;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.Base64;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;

/** The server's end of a WebSocket connection with numbered channels. */
@SuppressWarnings(
    "FutureReturnValueIgnored") // a connection that was lost is noticed by its handlers
public final class ChannelConnection extends SimpleChannelInboundHandler<WebSocketFrame> {
  private static final int CLOSE_SIGNAL = 255;

  private final Channel channel;
  private final Subprotocol protocol;
  private final ReadGate gate;
  private final Map<Integer, InputPipe> inputs = new ConcurrentHashMap<>();
  private final CompletableFuture<String> gone = new CompletableFuture<>();

  /**
   * @param inputs the channels on which the client may send; what comes on others is dropped
   */
  public ChannelConnection(Channel channel, Subprotocol protocol, Iterable<Integer> inputs) {
    this.channel = channel;
    this.protocol = protocol;
    this.gate = ReadGate.on(channel);
    inputs.forEach(number -> this.inputs.put(number, new InputPipe(gate::consumed)));
  }

  public Subprotocol protocol() {
    return protocol;
  }

  /** What the client sends on a channel that was named at the beginning. */
  public InputPipe input(int number) {
    InputPipe pipe = inputs.get(number);
    if (pipe == null) {
      throw new IllegalArgumentException("channel " + number + " is not one for input");
    }
    return pipe;
  }

  /** Sends on a channel. There is no end of a single channel on the way to the client. */
  public FrameOutput output(int number) {
    return new FrameOutput(
        new FrameOutput.Sink() {
          @Override
          public void send(byte[] bytes, int offset, int length) throws IOException {
            Sending.send(channel, message(number, bytes, offset, length));
          }

          @Override
          public void end() {}
        });
  }

  /** An empty message, which tells the client that the streams are joined. */
  public void announce(int number) throws IOException {
    Sending.send(channel, message(number, new byte[0], 0, 0));
  }

  /** Completed, with the reason, when the connection is over. */
  public CompletableFuture<String> gone() {
    return gone;
  }

  /** Says goodbye, and closes once the client has answered or the time is up. */
  public void finish(Duration patience) {
    inputs.values().forEach(InputPipe::close);
    gate.open();
    channel.writeAndFlush(new CloseWebSocketFrame(WebSocketCloseStatus.NORMAL_CLOSURE));
    channel
        .eventLoop()
        .schedule((Runnable) channel::close, patience.toMillis(), TimeUnit.MILLISECONDS);
  }

  private WebSocketFrame message(int number, byte[] bytes, int offset, int length) {
    if (protocol.base64()) {
      byte[] part = Arrays.copyOfRange(bytes, offset, offset + length);
      return new TextWebSocketFrame(number + Base64.getEncoder().encodeToString(part));
    }
    ByteBuf content = Unpooled.buffer(1 + length);
    content.writeByte(number).writeBytes(bytes, offset, length);
    return new BinaryWebSocketFrame(content);
  }

  @Override
  protected void channelRead0(ChannelHandlerContext context, WebSocketFrame frame) {
    switch (frame) {
      case PingWebSocketFrame ping ->
          context.writeAndFlush(new PongWebSocketFrame(ping.content().retain()));
      case CloseWebSocketFrame close -> {
        end("the client closed the connection");
        context.writeAndFlush(close.retain()).addListener(ChannelFutureListener.CLOSE);
      }
      case BinaryWebSocketFrame binary -> received(binary.content());
      case TextWebSocketFrame text -> received(text.content());
      default -> {
        // PONG; continuations were put together before they come here.
      }
    }
  }

  private void received(ByteBuf content) {
    if (!content.isReadable()) {
      return;
    }
    int number = content.readUnsignedByte();
    byte[] bytes = ByteBufUtil.getBytes(content);
    if (protocol.base64()) {
      number -= '0';
      try {
        bytes = Base64.getDecoder().decode(new String(bytes, StandardCharsets.US_ASCII));
      } catch (IllegalArgumentException e) {
        fail("a message is not base64: " + e.getMessage());
        return;
      }
    }
    if (number == CLOSE_SIGNAL && protocol.closeSignal()) {
      if (bytes.length == 1) {
        Optional.ofNullable(inputs.get(bytes[0] & 0xff)).ifPresent(InputPipe::end);
      }
      return;
    }
    InputPipe pipe = inputs.get(number);
    if (pipe != null) {
      gate.arrived(bytes.length);
      pipe.put(bytes);
    }
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
        .writeAndFlush(new CloseWebSocketFrame(WebSocketCloseStatus.PROTOCOL_ERROR))
        .addListener(ChannelFutureListener.CLOSE);
    end(reason);
  }

  private void end(String reason) {
    if (protocol.closeSignal()) {
      inputs.values().forEach(pipe -> pipe.fail(reason));
    } else {
      // Before v5 a client had no other way to end its input.
      inputs.values().forEach(InputPipe::end);
    }
    gone.complete(reason);
  }
}

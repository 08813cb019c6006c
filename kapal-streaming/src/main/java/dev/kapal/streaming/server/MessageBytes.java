package dev.kapal.streaming.server;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.MessageToMessageCodec;
import io.netty.handler.codec.http.websocketx.BinaryWebSocketFrame;
import io.netty.handler.codec.http.websocketx.CloseWebSocketFrame;
import io.netty.handler.codec.http.websocketx.PingWebSocketFrame;
import io.netty.handler.codec.http.websocketx.PongWebSocketFrame;
import io.netty.handler.codec.http.websocketx.WebSocketFrame;
import java.util.List;

/** A stream of bytes in the binary messages of a WebSocket connection. */
@SuppressWarnings(
    "FutureReturnValueIgnored") // a connection that was lost is noticed by its handlers
final class MessageBytes extends MessageToMessageCodec<WebSocketFrame, ByteBuf> {

  @Override
  protected void encode(ChannelHandlerContext context, ByteBuf bytes, List<Object> out) {
    out.add(new BinaryWebSocketFrame(bytes.retain()));
  }

  @Override
  protected void decode(ChannelHandlerContext context, WebSocketFrame frame, List<Object> out) {
    switch (frame) {
      case BinaryWebSocketFrame binary -> out.add(binary.content().retain());
      case PingWebSocketFrame ping -> {
        context.writeAndFlush(new PongWebSocketFrame(ping.content().retain()));
      }
      case CloseWebSocketFrame close -> {
        context.writeAndFlush(close.retain()).addListener(ChannelFutureListener.CLOSE);
      }
      default -> {
        // PONG, text: nothing that carries bytes.
      }
    }
  }
}

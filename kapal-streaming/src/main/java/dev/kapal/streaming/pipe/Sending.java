package dev.kapal.streaming.pipe;

import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import java.io.IOException;

/** Writes to a connection from threads that may wait. */
public final class Sending {
  private Sending() {}

  /**
   * Writes and waits until the message has left for the network.
   *
   * @throws IOException the client has gone
   */
  public static void send(Channel channel, Object message) throws IOException {
    ChannelFuture written = channel.writeAndFlush(message);
    try {
      written.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted while sending to the client", e);
    }
    if (!written.isSuccess()) {
      throw new IOException("the client has gone", written.cause());
    }
  }
}

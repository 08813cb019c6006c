package dev.kapal.streaming.pipe;

import io.netty.channel.Channel;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandlerContext;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Stops a connection from reading while too many bytes wait for their readers, and lets it go on
 * when they have been taken: memory stays bounded however fast a client sends.
 *
 * <p>It stands in front of the pipeline, because switching off auto-read is not enough: decoders
 * that pass on frames by themselves (Netty's SPDY codec) ask for further reads all the same.
 */
public final class ReadGate extends ChannelDuplexHandler {
  /** Bytes that may wait on one connection. */
  private static final long HIGH = 512 * 1024;

  private static final long LOW = 128 * 1024;

  private final Channel channel;
  private final AtomicLong waiting = new AtomicLong();

  private ReadGate(Channel channel) {
    this.channel = channel;
  }

  /** Puts a gate in front of a connection's pipeline. */
  public static ReadGate on(Channel channel) {
    ReadGate gate = new ReadGate(channel);
    channel.pipeline().addFirst("read-gate", gate);
    return gate;
  }

  /** Bytes arrived. */
  public void arrived(int bytes) {
    if (waiting.addAndGet(bytes) >= HIGH) {
      channel.config().setAutoRead(false);
      if (waiting.get() <= LOW) { // the readers were faster than the line above
        open();
      }
    }
  }

  /** Bytes were read. */
  public void consumed(int bytes) {
    if (waiting.addAndGet(-bytes) <= LOW) {
      open();
    }
  }

  /** Reads on, whatever waits. */
  public void open() {
    channel.config().setAutoRead(true); // which reads
  }

  @Override
  public void read(ChannelHandlerContext context) {
    if (channel.config().isAutoRead()) {
      context.read();
    }
  }
}

package dev.kapal.cri.rpc;

import dev.kapal.cri.observe.CallObserver;
import io.grpc.BindableService;
import io.grpc.Server;
import io.grpc.netty.NettyServerBuilder;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import java.util.logging.Level;
import java.util.logging.Logger;

/** gRPC over unix sockets: one thread for all input and output. */
public final class RpcServer implements AutoCloseable {
  /** What kubelet and containerd allow. */
  private static final int LARGEST_MESSAGE = 16 << 20;

  private static final int PATIENCE_SECONDS = 2;

  /**
   * Of these, only errors: gRPC sets an option that unix sockets lack on each connection, and tells
   * with a stack trace of each client that goes away in the middle of a stream; Netty misses an
   * interface with a hardware address where there is loopback alone.
   */
  private static final List<Logger> TALKATIVE =
      List.of(
          Logger.getLogger("io.netty.bootstrap"),
          Logger.getLogger("io.netty.util.internal.MacAddressUtil"),
          Logger.getLogger("io.grpc.netty.NettyServerHandler"));

  private final Server server;
  private final EventLoopGroup loop;
  private final Listeners listeners;

  private RpcServer(Server server, EventLoopGroup loop, Listeners listeners) {
    this.server = server;
    this.loop = loop;
    this.listeners = listeners;
  }

  /**
   * Serves.
   *
   * @param listeners are closed with the server
   * @param threads for the calls; its owner ends it
   * @param observer is shown each call; asked for at its beginning
   * @throws IOException when the server cannot start
   */
  public static RpcServer serve(
      Listeners listeners,
      List<BindableService> services,
      ExecutorService threads,
      Supplier<CallObserver> observer)
      throws IOException {
    TALKATIVE.forEach(logger -> logger.setLevel(Level.SEVERE));
    EventLoopGroup loop =
        new MultiThreadIoEventLoopGroup(
            1, new DefaultThreadFactory("cri-io", true), NioIoHandler.newFactory());
    try {
      Queue<ServerSocketChannel> channels = new ArrayDeque<>(listeners.channels());
      List<Path> paths = listeners.paths();
      NettyServerBuilder builder =
          NettyServerBuilder.forAddress(UnixDomainSocketAddress.of(paths.getFirst()))
              .channelFactory(() -> new AdoptedServerChannel(channels.remove()))
              .bossEventLoopGroup(loop)
              .workerEventLoopGroup(loop)
              .executor(threads)
              .intercept(new Watched(observer))
              .maxInboundMessageSize(LARGEST_MESSAGE)
              .permitKeepAliveTime(1, TimeUnit.SECONDS)
              .permitKeepAliveWithoutCalls(true);
      paths.subList(1, paths.size()).stream()
          .map(UnixDomainSocketAddress::of)
          .forEach(builder::addListenAddress);
      services.forEach(builder::addService);
      return new RpcServer(builder.build().start(), loop, listeners);
    } catch (IOException | RuntimeException e) {
      end(loop);
      throw e;
    }
  }

  /** No new calls; those under way have a moment, and then their threads are interrupted. */
  @Override
  public void close() {
    listeners.close();
    server.shutdown();
    try {
      if (!server.awaitTermination(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
        server.shutdownNow();
        server.awaitTermination(PATIENCE_SECONDS, TimeUnit.SECONDS);
      }
    } catch (InterruptedException e) {
      server.shutdownNow();
      Thread.currentThread().interrupt();
    }
    end(loop);
  }

  @SuppressWarnings("FutureReturnValueIgnored") // nothing waits for a daemon thread
  private static void end(EventLoopGroup loop) {
    loop.shutdownGracefully(0, 1, TimeUnit.SECONDS);
  }
}

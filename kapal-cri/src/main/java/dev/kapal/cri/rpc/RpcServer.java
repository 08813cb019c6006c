package dev.kapal.cri.rpc;

import io.grpc.BindableService;
import io.grpc.Server;
import io.grpc.netty.NettyServerBuilder;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerDomainSocketChannel;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.logging.Level;
import java.util.logging.Logger;

/** gRPC over unix sockets: one thread for all input and output. */
public final class RpcServer implements AutoCloseable {
  /** What kubelet and containerd allow. */
  private static final int LARGEST_MESSAGE = 16 << 20;

  private static final int PATIENCE_SECONDS = 2;

  /**
   * Of these, only errors: gRPC sets an option that unix sockets lack on each connection, and tells
   * with a stack trace of each client that goes away in the middle of a stream.
   */
  private static final List<Logger> TALKATIVE =
      List.of(
          Logger.getLogger("io.netty.bootstrap"),
          Logger.getLogger("io.grpc.netty.NettyServerHandler"));

  private final Server server;
  private final EventLoopGroup loop;
  private final List<Path> paths;

  private RpcServer(Server server, EventLoopGroup loop, List<Path> paths) {
    this.server = server;
    this.loop = loop;
    this.paths = paths;
  }

  /**
   * Listens.
   *
   * @param threads for the calls; its owner ends it
   * @throws IOException when a path cannot be bound
   */
  public static RpcServer listen(
      List<Path> paths, List<BindableService> services, ExecutorService threads)
      throws IOException {
    TALKATIVE.forEach(logger -> logger.setLevel(Level.SEVERE));
    EventLoopGroup loop =
        new MultiThreadIoEventLoopGroup(
            1, new DefaultThreadFactory("cri-io", true), NioIoHandler.newFactory());
    try {
      NettyServerBuilder builder =
          NettyServerBuilder.forAddress(SocketFile.prepare(paths.getFirst()))
              .channelType(NioServerDomainSocketChannel.class)
              .bossEventLoopGroup(loop)
              .workerEventLoopGroup(loop)
              .executor(threads)
              .maxInboundMessageSize(LARGEST_MESSAGE)
              .permitKeepAliveTime(1, TimeUnit.SECONDS)
              .permitKeepAliveWithoutCalls(true);
      for (Path path : paths.subList(1, paths.size())) {
        UnixDomainSocketAddress address = SocketFile.prepare(path);
        builder.addListenAddress(address);
      }
      services.forEach(builder::addService);
      Server server = builder.build().start();
      for (Path path : paths) {
        SocketFile.protect(path);
      }
      return new RpcServer(server, loop, List.copyOf(paths));
    } catch (IOException | RuntimeException e) {
      end(loop);
      throw e;
    }
  }

  /** No new calls; those under way have a moment, and then their threads are interrupted. */
  @Override
  public void close() {
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
    for (Path path : paths) {
      try {
        Files.deleteIfExists(path);
      } catch (IOException e) {
        // The next one replaces it.
      }
    }
  }

  @SuppressWarnings("FutureReturnValueIgnored") // nothing waits for a daemon thread
  private static void end(EventLoopGroup loop) {
    loop.shutdownGracefully(0, 1, TimeUnit.SECONDS);
  }
}

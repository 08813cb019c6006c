package dev.kapal.streaming.server;

import dev.kapal.streaming.StreamRequest;
import dev.kapal.streaming.StreamingTargets;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.ssl.ClientAuth;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.timeout.IdleStateEvent;
import io.netty.handler.timeout.IdleStateHandler;
import io.netty.util.concurrent.DefaultThreadFactory;
import io.netty.util.concurrent.GlobalEventExecutor;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * Serves exec, attach and port-forward to the kubelet's clients (CRI v1: Exec, Attach, PortForward
 * answer with a URL of this server).
 *
 * <p>A URL is a secret: good once, for a minute. Unless configured otherwise the server binds to
 * loopback, where the kubelet is.
 */
@SuppressWarnings(
    "FutureReturnValueIgnored") // a connection that was lost is noticed by its handlers
public final class StreamingServer implements AutoCloseable {
  /** One request without a body: its line and its headers. */
  private static final int MAX_REQUEST = 64 * 1024;

  private final EventLoopGroup threads;
  private final Channel listening;
  private final ChannelGroup connections;
  private final Tokens tokens;
  private final String base;

  private StreamingServer(
      EventLoopGroup threads,
      Channel listening,
      ChannelGroup connections,
      Tokens tokens,
      String base) {
    this.threads = threads;
    this.listening = listening;
    this.connections = connections;
    this.tokens = tokens;
    this.base = base;
  }

  /**
   * Listens.
   *
   * @throws IOException the address cannot be bound, or a certificate cannot be read
   */
  public static StreamingServer start(StreamingOptions options, StreamingTargets targets)
      throws IOException {
    Optional<SslContext> tls = Optional.empty();
    if (options.tls().isPresent()) {
      tls = Optional.of(context(options.tls().get()));
    }
    Tokens tokens = new Tokens(options.urlLife(), options.maxUrls(), System::nanoTime);
    ChannelGroup connections = new DefaultChannelGroup(GlobalEventExecutor.INSTANCE);
    EventLoopGroup threads =
        new MultiThreadIoEventLoopGroup(
            2, new DefaultThreadFactory("streaming", true), NioIoHandler.newFactory());
    ChannelFuture bound =
        new ServerBootstrap()
            .group(threads)
            .channel(NioServerSocketChannel.class)
            .option(ChannelOption.SO_REUSEADDR, true)
            .childOption(ChannelOption.TCP_NODELAY, true)
            .childOption(ChannelOption.ALLOW_HALF_CLOSURE, false)
            .childHandler(new Connections(options, tls, tokens, targets, connections))
            .bind(options.address(), options.port())
            .awaitUninterruptibly();
    if (!bound.isSuccess()) {
      threads.shutdownGracefully(0, 0, TimeUnit.SECONDS);
      throw new IOException(
          "cannot listen for streams on "
              + options.address()
              + " port "
              + options.port()
              + ": "
              + Failures.sentence(bound.cause())
              + "; configure another address or port",
          bound.cause());
    }
    InetSocketAddress address = (InetSocketAddress) bound.channel().localAddress();
    String host =
        options.address().indexOf(':') >= 0 ? "[" + options.address() + "]" : options.address();
    String base = (tls.isPresent() ? "https://" : "http://") + host + ":" + address.getPort();
    return new StreamingServer(threads, bound.channel(), connections, tokens, base);
  }

  private static SslContext context(StreamingOptions.Tls tls) throws IOException {
    try {
      SslContextBuilder builder =
          SslContextBuilder.forServer(tls.certificate().toFile(), tls.key().toFile());
      if (tls.clientAuthorities().isPresent()) {
        builder.trustManager(tls.clientAuthorities().get().toFile()).clientAuth(ClientAuth.REQUIRE);
      }
      return builder.build();
    } catch (IllegalArgumentException e) {
      throw new IOException(
          "cannot use the streaming certificate "
              + tls.certificate()
              + " with the key "
              + tls.key()
              + ": "
              + Failures.sentence(e)
              + "; both must be PEM, the key PKCS #8 without a password",
          e);
    }
  }

  /** The pipeline of a new connection. */
  private static final class Connections extends ChannelInitializer<SocketChannel> {
    private final StreamingOptions options;
    private final Optional<SslContext> tls;
    private final Tokens tokens;
    private final StreamingTargets targets;
    private final ChannelGroup connections;

    Connections(
        StreamingOptions options,
        Optional<SslContext> tls,
        Tokens tokens,
        StreamingTargets targets,
        ChannelGroup connections) {
      this.options = options;
      this.tls = tls;
      this.tokens = tokens;
      this.targets = targets;
      this.connections = connections;
    }

    @Override
    protected void initChannel(SocketChannel channel) {
      connections.add(channel);
      tls.ifPresent(context -> channel.pipeline().addLast(context.newHandler(channel.alloc())));
      channel
          .pipeline()
          .addLast(new IdleStateHandler(0, 0, options.idleTime().toMillis(), TimeUnit.MILLISECONDS))
          .addLast(new CloseWhenIdle())
          .addLast(new HttpServerCodec())
          .addLast(new HttpObjectAggregator(MAX_REQUEST))
          .addLast(new UpgradeHandler(tokens, targets, options.setupTime()));
    }
  }

  private static final class CloseWhenIdle extends ChannelDuplexHandler {
    @Override
    public void userEventTriggered(ChannelHandlerContext context, Object event) {
      if (event instanceof IdleStateEvent) {
        context.close();
      } else {
        context.fireUserEventTriggered(event);
      }
    }
  }

  /**
   * Makes a URL for a request.
   *
   * @throws TooManyRequestsException too many wait to be used
   */
  public String register(StreamRequest request) {
    return base + "/" + request.path() + "/" + tokens.issue(request);
  }

  /** Where it listens, such as {@code http://127.0.0.1:40001}. */
  public String base() {
    return base;
  }

  /** Closes the listening socket and all connections. */
  @Override
  public void close() {
    listening.close().awaitUninterruptibly();
    connections.close().awaitUninterruptibly();
    threads.shutdownGracefully(0, 1, TimeUnit.SECONDS).awaitUninterruptibly();
  }
}

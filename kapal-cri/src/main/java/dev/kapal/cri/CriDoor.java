package dev.kapal.cri;

import dev.kapal.cri.events.EventCalls;
import dev.kapal.cri.proto.ImageServiceGrpc;
import dev.kapal.cri.proto.RuntimeServiceGrpc;
import dev.kapal.cri.rpc.CallGroup;
import dev.kapal.cri.rpc.Calls;
import dev.kapal.cri.rpc.RpcServer;
import dev.kapal.cri.service.ImageCalls;
import dev.kapal.cri.service.VersionCalls;
import dev.kapal.cri.stats.MetricsCalls;
import dev.kapal.cri.stats.StatsCalls;
import dev.kapal.cri.streaming.StreamingCalls;
import dev.kapal.engine.Engine;
import dev.kapal.linux.Linux;
import java.io.IOException;
import java.time.Clock;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/**
 * The door for the kubelet, KubeEdge and crictl: CRI v1. It translates and holds no state; what it
 * knows of pods and containers beyond the engine's own words is in their attributes, which the
 * engine keeps for it.
 */
public final class CriDoor implements AutoCloseable {
  private final RpcServer server;
  private final StreamingCalls streaming;
  private final ExecutorService threads;

  private CriDoor(RpcServer server, StreamingCalls streaming, ExecutorService threads) {
    this.server = server;
    this.streaming = streaming;
    this.threads = threads;
  }

  /**
   * Opens it.
   *
   * @param engine has recovered; its owner closes it after the door
   * @throws IOException when a socket cannot be bound
   */
  public static CriDoor open(CriOptions options, Engine engine) throws IOException {
    StreamingCalls streaming = StreamingCalls.start(options.streaming(), engine, Linux.system());
    ExecutorService threads =
        Executors.newCachedThreadPool(Thread.ofPlatform().daemon().name("cri-", 0).factory());
    try {
      Calls calls = new Calls(threads);
      List<CallGroup> groups =
          List.of(
              new VersionCalls(options.version()),
              new ImageCalls(engine, Clock.systemUTC()),
              streaming,
              new StatsCalls(engine),
              new MetricsCalls(engine),
              new EventCalls(engine));
      groups.forEach(group -> group.bind(calls));
      RpcServer server =
          RpcServer.listen(
              options.sockets(),
              calls.services(
                  RuntimeServiceGrpc.getServiceDescriptor(),
                  ImageServiceGrpc.getServiceDescriptor()),
              threads);
      return new CriDoor(server, streaming, threads);
    } catch (IOException | RuntimeException e) {
      threads.shutdownNow();
      streaming.close();
      throw e;
    }
  }

  /** No new calls, and an end to the streams. */
  @Override
  public void close() {
    server.close();
    streaming.close();
    threads.shutdown();
  }
}

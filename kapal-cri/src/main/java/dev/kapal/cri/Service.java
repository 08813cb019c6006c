package dev.kapal.cri;

import dev.kapal.cri.config.CriConfig;
import dev.kapal.cri.events.EventCalls;
import dev.kapal.cri.observe.CallObserver;
import dev.kapal.cri.proto.ImageServiceGrpc;
import dev.kapal.cri.proto.RuntimeServiceGrpc;
import dev.kapal.cri.rpc.CallGroup;
import dev.kapal.cri.rpc.Calls;
import dev.kapal.cri.rpc.Listeners;
import dev.kapal.cri.rpc.RpcServer;
import dev.kapal.cri.service.CheckpointCalls;
import dev.kapal.cri.service.ContainerCalls;
import dev.kapal.cri.service.ExecSyncCalls;
import dev.kapal.cri.service.ImageCalls;
import dev.kapal.cri.service.PodCalls;
import dev.kapal.cri.service.StatusCalls;
import dev.kapal.cri.service.Statuses;
import dev.kapal.cri.service.VersionCalls;
import dev.kapal.cri.stats.MetricsCalls;
import dev.kapal.cri.stats.StatsCalls;
import dev.kapal.cri.streaming.StreamingCalls;
import dev.kapal.cri.translate.Host;
import dev.kapal.engine.Engine;
import dev.kapal.linux.Linux;
import java.io.IOException;
import java.time.Clock;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Supplier;

/** All calls, served. */
final class Service implements AutoCloseable {
  private final Deque<Runnable> ends;

  private Service(Deque<Runnable> ends) {
    this.ends = ends;
  }

  static Service start(
      CriOptions options,
      Supplier<CriConfig> config,
      Engine engine,
      Listeners listeners,
      Supplier<CallObserver> observer)
      throws IOException {
    Service service = new Service(new ArrayDeque<>());
    try {
      service.open(options, config, engine, listeners, observer);
      return service;
    } catch (IOException | RuntimeException | LinkageError e) {
      service.close();
      throw e;
    }
  }

  private void open(
      CriOptions options,
      Supplier<CriConfig> config,
      Engine engine,
      Listeners listeners,
      Supplier<CallObserver> observer)
      throws IOException {
    Linux linux = Linux.system();
    Clock clock = Clock.systemUTC();
    ExecutorService threads =
        Executors.newCachedThreadPool(Thread.ofPlatform().daemon().name("cri-", 0).factory());
    ends.push(threads::shutdown);
    StreamingCalls streaming = StreamingCalls.start(options.streaming(), engine, linux);
    ends.push(streaming::close);
    ExecSyncCalls execs = new ExecSyncCalls(engine, linux);
    ends.push(execs::close);
    Host host = new Host(linux.features().seLinux());
    Statuses statuses = new Statuses(engine);
    StatsCalls stats = new StatsCalls(engine);
    ends.push(stats::close);
    MetricsCalls metrics = new MetricsCalls(engine, linux);
    ends.push(metrics::close);
    EventCalls events = new EventCalls(engine, statuses, clock, options.told());
    ends.push(events::close);
    List<CallGroup> groups =
        List.of(
            new VersionCalls(options.version()),
            new StatusCalls(engine, config),
            new ImageCalls(engine, clock),
            new PodCalls(engine, config, host, statuses, clock),
            new ContainerCalls(engine, config, host, statuses),
            execs,
            new CheckpointCalls(engine),
            streaming,
            stats,
            metrics,
            events);
    Calls calls = new Calls(threads);
    groups.forEach(group -> group.bind(calls));
    RpcServer server =
        RpcServer.serve(
            listeners,
            calls.services(
                RuntimeServiceGrpc.getServiceDescriptor(), ImageServiceGrpc.getServiceDescriptor()),
            threads,
            observer);
    ends.push(server::close);
  }

  /** In the reverse order: no new calls first. */
  @Override
  public void close() {
    while (!ends.isEmpty()) {
      ends.pop().run();
    }
  }
}

package dev.kapal.daemon;

import dev.kapal.cli.Version;
import dev.kapal.config.KapalConfig;
import dev.kapal.config.text.KeyPath;
import dev.kapal.config.text.Problem;
import dev.kapal.cri.observe.CallObserver;
import dev.kapal.daemon.metrics.Metrics;
import dev.kapal.daemon.metrics.MetricsServer;
import dev.kapal.daemon.tracing.SpanCounts;
import dev.kapal.daemon.tracing.Tracing;
import dev.kapal.engine.Engine;
import dev.kapal.engine.Observer;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * What the daemon tells of itself, as configured. Nothing of it is loaded, and nothing counted,
 * before the configuration asks for it: most daemons are not watched.
 */
final class Telemetry implements AutoCloseable {
  private static final Logger LOG = System.getLogger(Telemetry.class.getName());

  private final Engine engine;
  private final Consumer<Observer> listen;
  private final Version version;
  private Optional<Served> served = Optional.empty();
  private Optional<Traced> traced = Optional.empty();
  private final SpanCounts spans = new SpanCounts();
  private volatile CallObserver calls = CallObserver.NONE;

  /** What is served, and where. */
  private record Served(InetSocketAddress address, Metrics metrics, MetricsServer server) {}

  /** What is traced, and how. */
  private record Traced(KapalConfig.Tracing as, Tracing tracing) {}

  /**
   * With nothing told yet.
   *
   * @param listen has somebody else hear what the engine does
   */
  Telemetry(Engine engine, Consumer<Observer> listen, Version version) {
    this.engine = engine;
    this.listen = listen;
    this.version = version;
  }

  /**
   * Tells what this configuration wants told.
   *
   * @return why that cannot be; everything is as it was then
   */
  synchronized Optional<Problem> use(KapalConfig config) {
    Optional<InetSocketAddress> wanted = config.metrics().address();
    try {
      if (!wanted.equals(served.map(Served::address))) {
        serve(wanted);
        wanted.ifPresent(
            address -> LOG.log(Level.INFO, "metrics are at http://{0}/metrics", text(address)));
      }
    } catch (IOException e) {
      return Optional.of(
          Translation.problem(
              config,
              KeyPath.of("metrics", "address"),
              "cannot listen on "
                  + text(wanted.orElseThrow())
                  + ": "
                  + e.getMessage()
                  + "; choose another address or port"));
    } finally {
      hear();
    }
    Optional<Traced> before = traced;
    if (!before.map(Traced::as).equals(traces(config))) {
      traced = traces(config).map(this::trace);
      hear();
      before.ifPresent(b -> b.tracing().close());
    }
    return Optional.empty();
  }

  private static Optional<KapalConfig.Tracing> traces(KapalConfig config) {
    return Optional.of(config.tracing()).filter(t -> t.endpoint().isPresent());
  }

  private Traced trace(KapalConfig.Tracing as) {
    Map<String, String> resource = new LinkedHashMap<>();
    resource.put("service.name", "kapal");
    resource.put("service.version", version.version());
    LOG.log(Level.INFO, "traces are sent to {0}", as.endpoint().orElseThrow());
    return new Traced(
        as, new Tracing(as.endpoint().orElseThrow(), as.samplingRatePerMillion(), resource, spans));
  }

  /** Those who are there now hear. */
  private void hear() {
    List<Observer> engines = new ArrayList<>();
    List<CallObserver> callers = new ArrayList<>();
    served.ifPresent(s -> {
      engines.add(s.metrics().engine());
      callers.add(s.metrics().calls());
    });
    traced.ifPresent(t -> {
      engines.add(t.tracing());
      callers.add(t.tracing());
    });
    calls = Heard.calls(callers);
    listen.accept(Heard.engine(engines));
  }

  private void serve(Optional<InetSocketAddress> wanted) throws IOException {
    Optional<Served> before = served;
    // All addresses and one of them cannot both be listened on at one port.
    boolean samePort =
        before.isPresent()
            && wanted.isPresent()
            && before.get().address().getPort() == wanted.get().getPort();
    if (samePort) {
      before.get().server().close();
      served = Optional.empty();
    }
    try {
      served = wanted.isPresent() ? Optional.of(start(wanted.get(), before)) : Optional.empty();
    } catch (IOException e) {
      if (samePort) {
        served = Optional.of(start(before.get().address(), before));
      }
      throw e;
    }
    if (!samePort) {
      before.ifPresent(b -> b.server().close());
    }
  }

  /** What was counted goes on when only the address changes. */
  private Served start(InetSocketAddress address, Optional<Served> before) throws IOException {
    Metrics metrics =
        before
            .map(Served::metrics)
            .orElseGet(() -> new Metrics(engine, about(version), spans::all));
    return new Served(address, metrics, MetricsServer.start(address, metrics));
  }

  private static Map<String, String> about(Version version) {
    Map<String, String> about = new LinkedHashMap<>();
    about.put("version", version.version());
    about.put("commit", version.commit());
    about.put("java", Runtime.version().toString());
    return about;
  }

  private static String text(InetSocketAddress address) {
    String host = address.getAddress().getHostAddress();
    return (host.indexOf(':') < 0 ? host : "[" + host + "]") + ":" + address.getPort();
  }

  /** Who is to hear of a call that comes now. */
  CallObserver calls() {
    return calls;
  }

  @Override
  public synchronized void close() {
    served.ifPresent(s -> s.server().close());
    served = Optional.empty();
    traced.ifPresent(t -> t.tracing().close());
    traced = Optional.empty();
  }
}

package dev.kapal.daemon;

import dev.kapal.cli.Version;
import dev.kapal.config.KapalConfig;
import dev.kapal.config.text.KeyPath;
import dev.kapal.config.text.Problem;
import dev.kapal.cri.observe.CallObserver;
import dev.kapal.daemon.metrics.Metrics;
import dev.kapal.daemon.metrics.MetricsServer;
import dev.kapal.engine.Engine;
import dev.kapal.engine.Observer;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.net.InetSocketAddress;
import java.util.LinkedHashMap;
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
  private volatile CallObserver calls = CallObserver.NONE;

  /** What is served, and where. */
  private record Served(InetSocketAddress address, Metrics metrics, MetricsServer server) {}

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
    if (wanted.equals(served.map(Served::address))) {
      return Optional.empty();
    }
    try {
      serve(wanted);
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
    }
    wanted.ifPresent(
        address -> LOG.log(Level.INFO, "metrics are at http://{0}/metrics", text(address)));
    calls = served.map(s -> s.metrics().calls()).orElse(CallObserver.NONE);
    listen.accept(served.map(s -> s.metrics().engine()).orElse(Observer.NONE));
    return Optional.empty();
  }

  private void serve(Optional<InetSocketAddress> wanted) throws IOException {
    Optional<Served> before = served;
    // All addresses and one of them cannot both be listened on at one port.
    boolean samePort =
        before.isPresent()
            && wanted.isPresent()
            && before.get().address().getPort() == wanted.get().getPort();
    if (samePort) {
      close();
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
        before.map(Served::metrics).orElseGet(() -> new Metrics(engine, about(version)));
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
  }
}

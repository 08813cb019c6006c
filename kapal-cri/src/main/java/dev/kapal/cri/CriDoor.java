package dev.kapal.cri;

import dev.kapal.cri.config.CriConfig;
import dev.kapal.cri.observe.CallObserver;
import dev.kapal.cri.rpc.Listeners;
import dev.kapal.engine.Engine;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/**
 * The door for the kubelet, KubeEdge and crictl: CRI v1. It translates and holds no state; what it
 * knows of pods and containers beyond the engine's own words is in their attributes, which the
 * engine keeps for it.
 *
 * <p>Until the first client comes there are only sockets: gRPC costs a third of a second and
 * megabytes, and most machines are no nodes of a cluster.
 */
public final class CriDoor implements AutoCloseable {
  private static final Logger LOG = System.getLogger(CriDoor.class.getName());
  private static final long PAUSE_SECONDS = 1;

  private final CriOptions options;
  private final Supplier<CriConfig> config;
  private final Engine engine;
  private final Listeners listeners;
  private final Supplier<CallObserver> observer;
  private final Thread waiting;
  private boolean closed;
  private Optional<Service> service = Optional.empty();

  private CriDoor(
      CriOptions options,
      Supplier<CriConfig> config,
      Engine engine,
      Listeners listeners,
      Supplier<CallObserver> observer) {
    this.observer = observer;
    this.options = options;
    this.config = config;
    this.engine = engine;
    this.listeners = listeners;
    this.waiting = Thread.ofPlatform().daemon().name("cri-door").unstarted(this::awaitClient);
  }

  /**
   * Opens it.
   *
   * @param config as it is at the moment
   * @param engine has recovered; its owner closes it after the door
   * @param observer is shown each call; asked for at its beginning
   * @throws IOException when a socket cannot be bound
   */
  public static CriDoor open(
      CriOptions options,
      Supplier<CriConfig> config,
      Engine engine,
      Supplier<CallObserver> observer)
      throws IOException {
    CriDoor door =
        new CriDoor(options, config, engine, Listeners.bind(options.sockets()), observer);
    door.waiting.start();
    return door;
  }

  private void awaitClient() {
    try {
      while (listeners.awaitClient()) {
        try {
          serve();
          return;
        } catch (IOException | RuntimeException | LinkageError e) {
          LOG.log(Level.ERROR, "the kubelet cannot be served: {0}", e.getMessage());
          listeners.refuse();
          TimeUnit.SECONDS.sleep(PAUSE_SECONDS);
        }
      }
    } catch (IOException e) {
      LOG.log(Level.ERROR, "nothing listens for the kubelet any more", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private synchronized void serve() throws IOException {
    if (!closed) {
      service = Optional.of(Service.start(options, config, engine, listeners, observer));
    }
  }

  /** No new calls, and an end to the streams. */
  @Override
  public synchronized void close() {
    closed = true;
    waiting.interrupt();
    listeners.close();
    service.ifPresent(Service::close);
  }
}

package dev.kapal.daemon;

import dev.kapal.cli.Kapal;
import dev.kapal.cli.Version;
import dev.kapal.config.ConfigSource;
import dev.kapal.config.KapalConfig;
import dev.kapal.cri.CriDoor;
import dev.kapal.engine.Engine;
import dev.kapal.engine.core.LocalEngine;
import dev.kapal.linux.ErrnoException;
import dev.kapal.linux.Fd;
import dev.kapal.linux.KernelFeatures;
import dev.kapal.linux.Linux;
import dev.kapal.linux.SocketType;
import dev.kapal.linux.Sockets;
import dev.kapal.runtime.dropin.DropIn;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** The engine and its doors, put together; one in a process. */
final class Daemon implements AutoCloseable {
  private static final Logger LOG = System.getLogger(Daemon.class.getName());
  private static final int ROOT_ONLY = 0600;
  private static final int ROOT_AND_GROUP = 0660;

  private final CountDownLatch end = new CountDownLatch(1);
  private final CountDownLatch gone = new CountDownLatch(1);
  private final Engine engine;
  private final ClientDoor door;
  private final Fd listener;
  private final DropInDoor dropIn;
  private final Fd dropInListener;
  private final Optional<CriDoor> kubelet;
  private final Telemetry telemetry;

  private Daemon(
      Engine engine,
      ClientDoor door,
      Fd listener,
      DropInDoor dropIn,
      Fd dropInListener,
      Optional<CriDoor> kubelet,
      Telemetry telemetry) {
    this.telemetry = telemetry;
    this.kubelet = kubelet;
    this.dropIn = dropIn;
    this.dropInListener = dropInListener;
    this.engine = engine;
    this.door = door;
    this.listener = listener;
  }

  /**
   * Opens the engine, which recovers what a predecessor left, and then the doors.
   *
   * @throws dev.kapal.config.text.ConfigException.Invalid when the configuration does not fit here
   * @throws IOException when a folder or socket cannot be made
   */
  static Daemon start(Linux linux, ConfigSource source, KapalConfig config) throws IOException {
    CountDownLatch shutdown = new CountDownLatch(1);
    // Before anybody can know of this process: by default the signal would end it.
    final Hangup hangup = Hangup.heard();
    Version version = Wiring.version();
    Wiring.Parts parts = Wiring.parts(linux, config, version);
    LocalEngine engine = parts.engine();
    Telemetry telemetry = new Telemetry(engine, engine::observe, version);
    try {
      LiveConfig live = new LiveConfig(source, config, parts, telemetry);
      OptionalLong group = Access.group(config.daemon().group());
      Path socket = config.daemon().runDir().resolve("cli.sock");
      Fd listener = listen(linux, socket, group);
      Kapal commands =
          new Kapal(
              engine,
              live,
              limit -> ScratchEngine.open(linux, live.current(), version, limit),
              linux,
              version,
              shutdown::countDown);
      ClientDoor door = new ClientDoor(linux, listener, group, commands::run);
      Path oci = config.daemon().runDir().resolve("oci.sock");
      Files.deleteIfExists(oci);
      Fd ociListener = linux.sockets().listen(oci.toString(), SocketType.STREAM, ROOT_ONLY);
      DropInDoor dropIn =
          new DropInDoor(
              linux, ociListener, DropIn.create(linux, KernelFeatures.host(), version.version()));
      Optional<CriDoor> kubelet =
          KubeletDoor.open(config, live::current, engine, version.version(), telemetry::calls);
      Daemon daemon = new Daemon(engine, door, listener, dropIn, ociListener, kubelet, telemetry);
      Runtime.getRuntime().addShutdownHook(new Thread(daemon::endBySignal, "signal"));
      Thread.ofVirtual().start(() -> daemon.endWhen(shutdown));
      hangup.runs(live::reload);
      live.warn();
      linux.sockets().notify("READY=1");
      LOG.log(Level.INFO, "ready: {0}", socket);
      // What it loads would keep clients waiting.
      Thread.ofPlatform().daemon().name("telemetry").start(live::tell);
      return daemon;
    } catch (RuntimeException | IOException e) {
      telemetry.close();
      engine.close();
      throw e;
    }
  }

  /** Waits until the daemon is to end; meanwhile memory that is not needed goes back. */
  void awaitEnd() throws InterruptedException {
    SpareMemory spare = SpareMemory.ofHeap();
    while (!end.await(SpareMemory.PERIOD_SECONDS, TimeUnit.SECONDS)) {
      spare.look();
    }
  }

  private void endWhen(CountDownLatch shutdown) {
    try {
      shutdown.await();
      end.countDown();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Runs as the JVM's shutdown hook: the JVM stays until the main thread has closed everything. */
  private void endBySignal() {
    end.countDown();
    try {
      gone.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static Fd listen(Linux linux, Path path, OptionalLong group) throws IOException {
    for (Sockets.Inherited inherited : linux.sockets().inherited()) {
      LOG.log(Level.INFO, "using the command socket that systemd opened");
      return inherited.fd();
    }
    // The instance lock is ours, so a socket that lies there is a dead daemon's.
    Files.deleteIfExists(path);
    Fd listener = linux.sockets().listen(path.toString(), SocketType.STREAM, ROOT_ONLY);
    if (group.isPresent()) {
      try {
        linux.descriptors().fchownat(Fd.CWD, path.toString(), 0, group.getAsLong());
        linux.descriptors().fchmodat(Fd.CWD, path.toString(), ROOT_AND_GROUP);
      } catch (ErrnoException e) {
        LOG.log(Level.WARNING, "the command socket is root''s alone: {0}", e.getMessage());
      }
    }
    return listener;
  }

  @Override
  public void close() {
    kubelet.ifPresent(CriDoor::close);
    door.close();
    dropIn.close();
    telemetry.close();
    engine.close();
    listener.close();
    dropInListener.close();
    gone.countDown();
  }
}

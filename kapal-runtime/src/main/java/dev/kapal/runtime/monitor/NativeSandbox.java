package dev.kapal.runtime.monitor;

import dev.kapal.linux.Cgroup;
import dev.kapal.linux.CgroupException;
import dev.kapal.linux.Errno;
import dev.kapal.linux.ErrnoException;
import dev.kapal.linux.FaultPoint;
import dev.kapal.oci.runtime.NamespaceType;
import dev.kapal.oci.runtime.RuntimeConfig;
import dev.kapal.runtime.Container;
import dev.kapal.runtime.ContainerException;
import dev.kapal.runtime.ContainerSpec;
import dev.kapal.runtime.Sandbox;
import dev.kapal.runtime.SandboxSpec;
import dev.kapal.runtime.monitor.SandboxRecord.ContainerRecord;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * A sandbox of the native runtime: the connection to its monitor, its processes by number, its
 * state on disk. Its own lock guards what is written to disk; the poller's thread takes none.
 */
final class NativeSandbox implements Sandbox, MonitorEvents, ProcessHost {
  static final Duration KILL = Duration.ofSeconds(10);
  private static final int RESERVE = 64;

  private final Host host;
  private final String id;
  private final SandboxFiles files;
  private final Map<NamespaceType, Path> namespaces;
  private final Map<Integer, NativeProcess> processes = new ConcurrentHashMap<>();
  private final Map<String, NativeContainer> containers = new LinkedHashMap<>();
  private final CountDownLatch gone = new CountDownLatch(1);
  private Optional<MonitorConnection> connection = Optional.empty();
  private int lastNumber;
  private int reserved;
  private volatile boolean quitting;

  private NativeSandbox(
      Host host, String id, SandboxFiles files, Map<NamespaceType, Path> namespaces) {
    this.host = host;
    this.id = id;
    this.files = files;
    this.namespaces = namespaces;
  }

  static NativeSandbox create(Host host, SandboxSpec spec) {
    SandboxFiles files = SandboxFiles.create(host.linux(), spec.stateDirectory());
    if (files.read("state.json").isPresent()) {
      files.close();
      throw new ContainerException.WrongState(
          "There is a sandbox already at " + spec.stateDirectory());
    }
    NativeSandbox sandbox = new NativeSandbox(host, spec.id(), files, spec.namespaces());
    try {
      FaultPoint.reach("sandbox.directory");
      sandbox.save();
      FaultPoint.reach("sandbox.saved");
      host.program().start(spec.id(), files.directory());
      FaultPoint.reach("sandbox.monitor");
      sandbox.connect();
      sandbox.pins().pin(sandbox.connection(), spec);
      FaultPoint.reach("sandbox.connected");
      return sandbox;
    } catch (RuntimeException e) {
      sandbox.undoCreate(e);
      throw e instanceof ErrnoException errno
          ? new ContainerException.Failed(
              "The sandbox " + spec.id() + " cannot be made: " + e.getMessage(), errno)
          : e;
    }
  }

  private void undoCreate(RuntimeException cause) {
    try {
      quitting = true;
      if (alive()) {
        connection().ask(Packet.of(Packet.QUIT, 0), List.of());
      }
      pins().unpin();
      files.removeAll();
    } catch (RuntimeException e) {
      cause.addSuppressed(e);
    } finally {
      connection.ifPresent(MonitorConnection::close);
      files.close();
    }
  }

  static NativeSandbox reconnect(Host host, Path directory) {
    SandboxFiles files = SandboxFiles.open(host.linux(), directory);
    try {
      SandboxRecord state = files.readState();
      Map<NamespaceType, Path> namespaces = new TreeMap<>();
      state.namespaces().forEach((type, path) -> namespaces.put(type, Path.of(path)));
      NativeSandbox sandbox = new NativeSandbox(host, state.id(), files, namespaces);
      sandbox.lastNumber = state.reserved();
      sandbox.reserved = state.reserved();
      new Reconnect(host, sandbox, files, state).run();
      return sandbox;
    } catch (RuntimeException e) {
      files.close();
      throw e;
    }
  }

  /** Fails with an ErrnoException when no monitor listens. */
  void connect() {
    connection =
        Optional.of(
            MonitorConnection.connect(
                host.linux(), host.poller(), files.directory(), MonitorProgram.SOCKET, this));
  }

  Host host() {
    return host;
  }

  SandboxFiles files() {
    return files;
  }

  @Override
  public MonitorConnection connection() {
    return connection
        .filter(MonitorConnection::isOpen)
        .orElseThrow(() ->
            new ContainerException.Gone(
                "The monitor of sandbox " + id + " is gone: its containers have ended"));
  }

  private PinnedNamespaces pins() {
    return new PinnedNamespaces(host.linux(), namespaces);
  }

  /** A process number that was never used: numbers are reserved on disk before they are. */
  synchronized int nextNumber() {
    lastNumber++;
    if (lastNumber > reserved) {
      reserved = lastNumber + RESERVE;
      save();
    }
    return lastNumber;
  }

  private synchronized void save() {
    Map<NamespaceType, String> paths = new TreeMap<>();
    namespaces.forEach((type, path) -> paths.put(type, path.toString()));
    files.writeState(
        new SandboxRecord(
            1,
            id,
            paths,
            reserved,
            containers.values().stream().map(NativeContainer::toRecord).toList()));
  }

  void register(NativeProcess process) {
    processes.put(process.number(), process);
  }

  synchronized void add(NativeContainer container) {
    if (containers.putIfAbsent(container.id(), container) != null) {
      throw new ContainerException.WrongState(
          "The sandbox " + id + " has a container " + container.id() + " already");
    }
    register(container);
    if (container.number() > reserved - 1) {
      reserved = container.number() + RESERVE;
    }
    save();
  }

  /** From disk: nothing is written. */
  synchronized void restore(NativeContainer container) {
    containers.put(container.id(), container);
    register(container);
  }

  synchronized void drop(NativeContainer container) {
    containers.remove(container.id());
    processes.remove(container.number());
    save();
  }

  synchronized void saveAll() {
    save();
  }

  /** Drops an ended process at the monitor too. */
  @Override
  public void forget(int number) {
    processes.remove(number);
    for (NativeContainer container : copy()) {
      container.forgotten(number);
    }
    if (alive()) {
      try {
        connection().ask(Packet.of(Packet.FORGET, number), List.of());
      } catch (ErrnoException e) {
        if (!e.is(Errno.ESRCH, Errno.ENOENT)) {
          throw new ContainerException.Failed(
              "Process " + number + " cannot be forgotten: " + e.errno().message(), e);
        }
        // Never launched: a record of its loss may have been written in the monitor's stead.
        files.remove("exit." + number);
      } catch (ContainerException.Gone _) {
        files.remove("exit." + number);
      }
    } else {
      files.remove("exit." + number);
    }
  }

  private synchronized List<NativeContainer> copy() {
    return new ArrayList<>(containers.values());
  }

  @Override
  public void waiting(int process, int sync, int pid) {
    Optional.ofNullable(processes.get(process)).ifPresent(p -> p.watch().waiting(sync, pid));
  }

  @Override
  public void running(int process, int pid) {
    Optional.ofNullable(processes.get(process)).ifPresent(p -> p.watch().running(pid));
  }

  @Override
  public void failed(int process, int part, int step, int errno) {
    Optional.ofNullable(processes.get(process))
        .ifPresent(p -> p.watch().failed(new LaunchWatch.Failure(part, step, errno)));
  }

  @Override
  public void exited(int process, int status, long time) {
    Optional.ofNullable(processes.get(process))
        .ifPresent(p -> p.ended(status, time, Optional.empty()));
  }

  @Override
  public void lost() {
    if (quitting) {
      gone.countDown();
      return;
    }
    Thread.ofPlatform().daemon().name("kapal-lost-" + id).start(this::afterLoss);
  }

  /** The monitor was killed: what is left of its processes is killed too, and recorded. */
  void afterLoss() {
    for (NativeContainer container : copy()) {
      try {
        container.killCgroup();
      } catch (CgroupException e) {
        System.getLogger(NativeSandbox.class.getName())
            .log(
                System.Logger.Level.ERROR,
                "Processes of container " + container.id() + " cannot be killed",
                e);
      }
    }
    processes
        .values()
        .forEach(p -> {
          p.watch().lost();
          if (p.exitStatus().isEmpty()) {
            recordLoss(p);
          }
        });
    gone.countDown();
  }

  void recordLoss(NativeProcess process) {
    Optional<SandboxFiles.ExitRecord> written = files.readExit(process.number());
    if (written.isPresent()) {
      process.ended(written.get().status(), written.get().time(), Optional.empty());
      return;
    }
    long now = System.currentTimeMillis() * 1_000_000L;
    files.writeExit(process.number(), new SandboxFiles.ExitRecord(9, now));
    process.ended(9, now, Optional.of("the sandbox's monitor was killed"));
  }

  @Override
  public String id() {
    return id;
  }

  @Override
  public Path stateDirectory() {
    return files.path();
  }

  @Override
  public Optional<Integer> monitorPid() {
    return connection.filter(MonitorConnection::isOpen).map(MonitorConnection::monitorPid);
  }

  @Override
  public boolean alive() {
    return connection.filter(MonitorConnection::isOpen).isPresent();
  }

  @Override
  public Map<NamespaceType, Path> namespaces() {
    return namespaces;
  }

  @Override
  public List<Container> containers() {
    return List.copyOf(copy());
  }

  @Override
  public synchronized Optional<Container> container(String containerId) {
    return Optional.ofNullable(containers.get(containerId));
  }

  @Override
  public Container createContainer(ContainerSpec spec) {
    if (spec.checkpoint().isPresent()) {
      throw new ContainerException.Unsupported(
          "Container "
              + spec.id()
              + " cannot go on from a checkpoint: the native runtime has none. Run it with the"
              + " runtime that saved it");
    }
    NativeRuntime.checkId(spec.id());
    connection();
    return new Creation(this, spec).run();
  }

  Cgroup cgroup(String path) {
    return host.cgroups().open(path);
  }

  NativeContainer restored(ContainerRecord record, RuntimeConfig config) {
    return new NativeContainer(
        this, record.id(), record.number(), config, record.bundle(), cgroup(record.cgroup()));
  }

  @Override
  public void quit() {
    synchronized (this) {
      if (!containers.isEmpty()) {
        throw new ContainerException.WrongState(
            "The sandbox "
                + id
                + " has containers: delete "
                + String.join(", ", containers.keySet())
                + " first");
      }
    }
    quitting = true;
    if (alive()) {
      try {
        connection().ask(Packet.of(Packet.QUIT, 0), List.of());
        awaitGone();
      } catch (ErrnoException e) {
        quitting = false;
        throw new ContainerException.WrongState("The sandbox " + id + " still has processes");
      } catch (ContainerException.Gone _) {
        // It went before it answered.
      }
    }
    FaultPoint.reach("quit.gone");
    pins().unpin();
    FaultPoint.reach("quit.unpinned");
    files.removeAll();
    FaultPoint.reach("quit.removed");
    close();
  }

  private void awaitGone() {
    try {
      if (!gone.await(KILL.toSeconds(), TimeUnit.SECONDS)) {
        throw new ContainerException.Failed("The monitor of sandbox " + id + " does not end");
      }
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public void close() {
    connection.ifPresent(MonitorConnection::close);
    files.close();
  }
}

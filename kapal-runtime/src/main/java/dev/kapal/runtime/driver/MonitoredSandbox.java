package dev.kapal.runtime.driver;

import dev.kapal.linux.CgroupException;
import dev.kapal.linux.Errno;
import dev.kapal.linux.ErrnoException;
import dev.kapal.linux.FaultPoint;
import dev.kapal.linux.Fd;
import dev.kapal.linux.Linux;
import dev.kapal.linux.Poller;
import dev.kapal.oci.runtime.NamespaceType;
import dev.kapal.runtime.Container;
import dev.kapal.runtime.ContainerException;
import dev.kapal.runtime.Sandbox;
import dev.kapal.runtime.SandboxSpec;
import dev.kapal.runtime.monitor.LaunchWatch;
import dev.kapal.runtime.monitor.MonitorConnection;
import dev.kapal.runtime.monitor.MonitorEvents;
import dev.kapal.runtime.monitor.MonitorProgram;
import dev.kapal.runtime.monitor.Packet;
import dev.kapal.runtime.monitor.PinnedNamespaces;
import dev.kapal.runtime.monitor.ProcessHost;
import dev.kapal.runtime.monitor.SandboxFiles;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * A sandbox under a monitor whose containers something else makes: the connection to the monitor,
 * the processes by number, the state on disk. Its own lock guards what is written to disk; the
 * poller's thread takes none.
 *
 * @param <C> its containers
 */
public abstract class MonitoredSandbox<C extends MonitoredContainer>
    implements Sandbox, MonitorEvents, ProcessHost {
  /** How long something that was killed may take to end. */
  public static final Duration KILL = Duration.ofSeconds(10);

  /** Where the state is. */
  protected static final String STATE = "state.json";

  private static final int RESERVE = 64;

  private final Linux linux;
  private final Poller poller;
  private final String id;
  private final SandboxFiles files;
  private final Map<NamespaceType, Path> namespaces;
  private final Map<Integer, LaunchedProcess> processes = new ConcurrentHashMap<>();
  private final Map<String, C> containers = new LinkedHashMap<>();
  private final CountDownLatch gone = new CountDownLatch(1);
  private Optional<MonitorConnection> connection = Optional.empty();
  private int lastNumber;
  private int reserved;
  private volatile boolean quitting;

  /** A sandbox without containers, not connected. */
  protected MonitoredSandbox(
      Linux linux,
      Poller poller,
      String id,
      SandboxFiles files,
      Map<NamespaceType, Path> namespaces) {
    this.linux = linux;
    this.poller = poller;
    this.id = id;
    this.files = files;
    this.namespaces = namespaces;
  }

  /**
   * Writes the state: what is in {@link #containers}, {@link #namespaces} and {@link #reserved}.
   */
  protected abstract void write(int reserved, List<C> all);

  /** The directory for a new sandbox's state, in which there is none yet. */
  protected static SandboxFiles newFiles(Linux linux, Path directory) {
    SandboxFiles files = SandboxFiles.create(linux, directory);
    if (files.read(STATE).isPresent()) {
      files.close();
      throw new ContainerException.WrongState("There is a sandbox already at " + directory);
    }
    return files;
  }

  /** Starts its monitor and makes its namespaces; or leaves nothing behind. */
  protected final void begin(MonitorProgram program, SandboxSpec spec) {
    try {
      save();
      FaultPoint.reach("sandbox.saved");
      program.start(id, files.directory());
      FaultPoint.reach("sandbox.monitor");
      connect();
      pins().pin(connection(), spec);
      FaultPoint.reach("sandbox.connected");
    } catch (RuntimeException e) {
      undoCreate(e);
      throw e instanceof ErrnoException errno
          ? new ContainerException.Failed(
              "The sandbox " + id + " cannot be made: " + e.getMessage(), errno)
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
      removeFiles();
    } catch (RuntimeException e) {
      cause.addSuppressed(e);
    } finally {
      close();
    }
  }

  /** Fails with an ErrnoException when no monitor listens. */
  public final void connect() {
    connection =
        Optional.of(
            MonitorConnection.connect(
                linux, poller, files.directory(), MonitorProgram.SOCKET, this));
  }

  /** Its state's directory. */
  public final SandboxFiles files() {
    return files;
  }

  /** The path of one of its files. */
  public final String path(String name) {
    return files.path().resolve(name).toString();
  }

  /** What a launch's command has in its environment, so that what it leaves can be found. */
  public final String mark(int number) {
    return Strays.MARK + files.path() + "#" + number;
  }

  @Override
  public final MonitorConnection connection() {
    return connection
        .filter(MonitorConnection::isOpen)
        .orElseThrow(() ->
            new ContainerException.Gone(
                "The monitor of sandbox " + id + " is gone: its containers have ended"));
  }

  private PinnedNamespaces pins() {
    return new PinnedNamespaces(linux, namespaces);
  }

  /** A process number that was never used: numbers are reserved on disk before they are. */
  public final synchronized int nextNumber() {
    lastNumber++;
    if (lastNumber > reserved) {
      reserved = lastNumber + RESERVE;
      save();
    }
    return lastNumber;
  }

  /** From disk: numbers up to there may have been used. */
  protected final void used(int numbers) {
    lastNumber = numbers;
    reserved = numbers;
  }

  /** Writes the state. */
  public final synchronized void save() {
    write(reserved, List.copyOf(containers.values()));
  }

  /** Events of that number go to that process from now on. */
  public final void register(LaunchedProcess process) {
    processes.put(process.number(), process);
  }

  /** A new container, which is a process too. */
  public final synchronized void add(C container, LaunchedProcess process) {
    if (containers.putIfAbsent(container.id(), container) != null) {
      throw new ContainerException.WrongState(
          "The sandbox " + id + " has a container " + container.id() + " already");
    }
    register(process);
    save();
  }

  /** From disk: nothing is written. */
  public final synchronized void restore(C container, LaunchedProcess process) {
    containers.put(container.id(), container);
    register(process);
  }

  /** A container is no more. */
  public final synchronized void drop(C container) {
    containers.remove(container.id());
    processes.remove(container.number());
    save();
  }

  @Override
  public final void forget(int number) {
    processes.remove(number);
    for (C container : copy()) {
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

  /** Its containers now. */
  public final synchronized List<C> copy() {
    return new ArrayList<>(containers.values());
  }

  /** The process of a number. */
  protected final Optional<LaunchedProcess> process(int number) {
    return Optional.ofNullable(processes.get(number));
  }

  @Override
  public void waiting(int process, int sync, int pid) {}

  /** That is the command which was launched. */
  @Override
  public void running(int process, int pid) {
    process(process).ifPresent(p -> p.command(pid));
  }

  @Override
  public void launched(int process, int status) {
    process(process).ifPresent(p -> p.launcher().complete(status));
  }

  @Override
  public void failed(int process, int part, int step, int errno) {
    process(process)
        .ifPresent(p -> {
          p.watch().failed(new LaunchWatch.Failure(part, step, errno));
          p.launcher().completeExceptionally(new ContainerException.Failed("not launched"));
        });
  }

  @Override
  public void exited(int process, int status, long time) {
    process(process).ifPresent(p -> p.ended(status, time, Optional.empty()));
  }

  @Override
  public final void lost() {
    if (quitting) {
      gone.countDown();
      return;
    }
    Thread.ofPlatform().daemon().name("kapal-lost-" + id).start(this::afterLoss);
  }

  /** The monitor was killed: what is left of its processes is killed too, and recorded. */
  public final void afterLoss() {
    for (C container : copy()) {
      try {
        container.killAll();
      } catch (CgroupException | ContainerException | ErrnoException e) {
        System.getLogger(getClass().getName())
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
          p.launcher().completeExceptionally(new ContainerException.Gone("monitor lost"));
          if (p.exitStatus().isEmpty()) {
            recordLoss(p);
          }
        });
    gone.countDown();
  }

  /** Takes a process's end from its record; where there is none, it was killed. */
  public final void recordLoss(LaunchedProcess process) {
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
  public final String id() {
    return id;
  }

  @Override
  public final Path stateDirectory() {
    return files.path();
  }

  @Override
  public final Optional<Integer> monitorPid() {
    return connection.filter(MonitorConnection::isOpen).map(MonitorConnection::monitorPid);
  }

  @Override
  public final boolean alive() {
    return connection.filter(MonitorConnection::isOpen).isPresent();
  }

  @Override
  public final Map<NamespaceType, Path> namespaces() {
    return namespaces;
  }

  @Override
  public final List<Container> containers() {
    return List.copyOf(copy());
  }

  @Override
  public final synchronized Optional<Container> container(String containerId) {
    return Optional.ofNullable(containers.get(containerId));
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
        if (!gone.await(KILL.toSeconds(), TimeUnit.SECONDS)) {
          throw new ContainerException.Failed("The monitor of sandbox " + id + " does not end");
        }
      } catch (ErrnoException e) {
        quitting = false;
        throw new ContainerException.WrongState("The sandbox " + id + " still has processes");
      } catch (InterruptedException _) {
        Thread.currentThread().interrupt();
      } catch (ContainerException.Gone _) {
        // It went before it answered.
      }
    }
    FaultPoint.reach("quit.gone");
    pins().unpin();
    FaultPoint.reach("quit.unpinned");
    removeFiles();
    FaultPoint.reach("quit.removed");
    close();
  }

  private void removeFiles() {
    Fd directory = files.directory();
    linux
        .descriptors()
        .list(directory)
        .forEach(entry -> Trees.remove(linux, directory, entry.name()));
    files.removeAll();
  }

  @Override
  public void close() {
    connection.ifPresent(MonitorConnection::close);
    files.close();
  }
}

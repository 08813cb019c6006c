package dev.kapal.runtime.oci;

import dev.kapal.linux.CgroupException;
import dev.kapal.linux.Errno;
import dev.kapal.linux.ErrnoException;
import dev.kapal.linux.ExitStatus;
import dev.kapal.linux.Fd;
import dev.kapal.oci.runtime.NamespaceType;
import dev.kapal.runtime.Container;
import dev.kapal.runtime.ContainerException;
import dev.kapal.runtime.ContainerSpec;
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
import java.nio.charset.StandardCharsets;
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
import java.util.concurrent.atomic.AtomicInteger;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/**
 * A sandbox whose containers a command-line runtime makes: the connection to its monitor, its
 * processes by number, its state on disk. Its own lock guards what is written to disk; the poller's
 * thread takes none.
 */
final class OciSandbox implements Sandbox, MonitorEvents, ProcessHost {
  static final Duration KILL = Duration.ofSeconds(10);
  private static final int RESERVE = 64;
  private static final String STATE = "state.json";
  private static final JsonMapper MAPPER = JsonMapper.builder().build();

  private final OciHost host;
  private final String id;
  private final SandboxFiles files;
  private final Map<NamespaceType, Path> namespaces;
  private final Map<Integer, OciProcess> processes = new ConcurrentHashMap<>();
  private final Map<String, OciContainer> containers = new LinkedHashMap<>();
  private final CountDownLatch gone = new CountDownLatch(1);
  private final AtomicInteger logs = new AtomicInteger();
  private Optional<MonitorConnection> connection = Optional.empty();
  private int lastNumber;
  private int reserved;
  private volatile boolean quitting;

  private OciSandbox(
      OciHost host, String id, SandboxFiles files, Map<NamespaceType, Path> namespaces) {
    this.host = host;
    this.id = id;
    this.files = files;
    this.namespaces = namespaces;
  }

  static OciSandbox create(OciHost host, SandboxSpec spec) {
    SandboxFiles files = SandboxFiles.create(host.linux(), spec.stateDirectory());
    if (files.read(STATE).isPresent()) {
      files.close();
      throw new ContainerException.WrongState(
          "There is a sandbox already at " + spec.stateDirectory());
    }
    OciSandbox sandbox = new OciSandbox(host, spec.id(), files, spec.namespaces());
    try {
      sandbox.save();
      host.program().start(spec.id(), files.directory());
      sandbox.connect();
      sandbox.pins().pin(sandbox.connection());
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
      removeFiles();
    } catch (RuntimeException e) {
      cause.addSuppressed(e);
    } finally {
      connection.ifPresent(MonitorConnection::close);
      files.close();
    }
  }

  static OciSandbox reconnect(OciHost host, Path directory) {
    SandboxFiles files = SandboxFiles.open(host.linux(), directory);
    try {
      OciRecord state = read(files, directory);
      Map<NamespaceType, Path> namespaces = new TreeMap<>();
      state.namespaces().forEach((type, path) -> namespaces.put(type, Path.of(path)));
      OciSandbox sandbox = new OciSandbox(host, state.id(), files, namespaces);
      sandbox.lastNumber = state.reserved();
      sandbox.reserved = state.reserved();
      new OciReconnect(sandbox, state).run();
      return sandbox;
    } catch (RuntimeException e) {
      files.close();
      throw e;
    }
  }

  private static OciRecord read(SandboxFiles files, Path directory) {
    byte[] json =
        files
            .read(STATE)
            .orElseThrow(() ->
                new ContainerException.Gone(
                    "There is no sandbox at " + directory + ": it has no " + STATE));
    try {
      OciRecord state = MAPPER.readValue(json, OciRecord.class);
      if (state == null || state.version() != 1 || !"oci".equals(state.kind())) {
        throw new ContainerException.Gone(
            "The sandbox at " + directory + " belongs to another runtime or version of Kapal");
      }
      return state;
    } catch (JacksonException e) {
      throw new ContainerException.Gone(
          "The state of the sandbox at " + directory + " is damaged: remove the directory", e);
    }
  }

  /** Fails with an ErrnoException when no monitor listens. */
  void connect() {
    connection =
        Optional.of(
            MonitorConnection.connect(
                host.linux(), host.poller(), files.directory(), MonitorProgram.SOCKET, this));
  }

  OciHost host() {
    return host;
  }

  SandboxFiles files() {
    return files;
  }

  /** The path of one of its files. */
  String path(String name) {
    return files.path().resolve(name).toString();
  }

  /** What a launch's command has in its environment, so that what it leaves can be found. */
  String mark(int number) {
    return Strays.MARK + files.path() + "#" + number;
  }

  /** The runtime's own state; made when it is first needed. */
  String root() {
    return host.config().root().map(Path::toString).orElseGet(() -> path("root"));
  }

  /** Global arguments of a command that logs into a file of ours. */
  List<String> globals(String logFile) {
    List<String> arguments = new ArrayList<>(host.config().arguments());
    arguments.addAll(List.of("--root", root(), "--log", path(logFile), "--log-format", "json"));
    // gVisor would keep changes in a file of its own inside the root, which only its mount sees.
    if (host.config().program().startsWith("runsc")
        && host.config().arguments().stream().noneMatch(a -> a.contains("overlay2"))) {
      arguments.add("--overlay2=none");
    }
    if (host.config().systemdCgroup()) {
      arguments.add("--systemd-cgroup");
    }
    if (host.config().ignoresCgroups()) {
      boolean crun = host.config().program().startsWith("crun");
      arguments.add(crun ? "--cgroup-manager=disabled" : "--ignore-cgroups");
    }
    return arguments;
  }

  /**
   * Runs a short command of the runtime.
   *
   * @return what it printed
   * @throws ContainerException if it fails
   */
  String command(String doing, Duration limit, List<String> arguments) {
    String logFile = "log.c" + logs.incrementAndGet();
    try {
      List<String> all = new ArrayList<>(globals(logFile));
      all.addAll(arguments);
      OciBinary.Result result = host.binary().run(doing, all, limit);
      if (result.ok()) {
        return result.out();
      }
      String log = files.read(logFile).map(b -> new String(b, StandardCharsets.UTF_8)).orElse("");
      throw commandFailed(doing, result.exit(), RuntimeMessages.error(log, result.err()));
    } finally {
      Trees.remove(host.linux(), files.directory(), logFile);
    }
  }

  ContainerException.LaunchFailed commandFailed(
      String doing, ExitStatus exit, Optional<String> said) {
    String how =
        switch (exit) {
          case ExitStatus.Exited(int code) -> "ended with " + code;
          case ExitStatus.Signaled(int signal, boolean _) -> "was killed by signal " + signal;
        };
    String message =
        "Cannot "
            + doing
            + ": "
            + host.binary().title()
            + said.map(s -> " says: " + s + RuntimeMessages.hint(s, host.config()))
                .orElse(" " + how + " and gave no reason; try the command by hand");
    return new ContainerException.LaunchFailed(
        message,
        said.map(RuntimeMessages::kind).orElse(ContainerException.LaunchFailed.Kind.SETUP),
        Optional.empty(),
        "");
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

  synchronized void save() {
    Map<NamespaceType, String> paths = new TreeMap<>();
    namespaces.forEach((type, path) -> paths.put(type, path.toString()));
    files.write(
        STATE,
        MAPPER.writeValueAsBytes(
            new OciRecord(
                1,
                "oci",
                id,
                paths,
                reserved,
                containers.values().stream().map(OciContainer::toRecord).toList())));
  }

  void register(OciProcess process) {
    processes.put(process.number(), process);
  }

  synchronized void add(OciContainer container) {
    if (containers.putIfAbsent(container.id(), container) != null) {
      throw new ContainerException.WrongState(
          "The sandbox " + id + " has a container " + container.id() + " already");
    }
    register(container);
    save();
  }

  /** From disk: nothing is written. */
  synchronized void restore(OciContainer container) {
    containers.put(container.id(), container);
    register(container);
  }

  synchronized void drop(OciContainer container) {
    containers.remove(container.id());
    processes.remove(container.number());
    save();
  }

  @Override
  public void forget(int number) {
    processes.remove(number);
    for (OciContainer container : copy()) {
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
      } catch (ContainerException.Gone _) {
        files.remove("exit." + number);
      }
    } else {
      files.remove("exit." + number);
    }
  }

  synchronized List<OciContainer> copy() {
    return new ArrayList<>(containers.values());
  }

  private Optional<OciProcess> process(int number) {
    return Optional.ofNullable(processes.get(number));
  }

  @Override
  public void waiting(int process, int sync, int pid) {}

  /** That is the runtime's command. */
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
  public void lost() {
    if (quitting) {
      gone.countDown();
      return;
    }
    Thread.ofPlatform().daemon().name("kapal-lost-" + id).start(this::afterLoss);
  }

  /** The monitor was killed: what is left of its processes is killed too, and recorded. */
  void afterLoss() {
    for (OciContainer container : copy()) {
      try {
        container.killAll();
      } catch (CgroupException | ContainerException | ErrnoException e) {
        System.getLogger(OciSandbox.class.getName())
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

  void recordLoss(OciProcess process) {
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
    OciRuntime.checkId(spec.id());
    connection();
    return new OciCreation(this, spec).run();
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
    pins().unpin();
    removeFiles();
    close();
  }

  private void removeFiles() {
    Fd directory = files.directory();
    host.linux()
        .descriptors()
        .list(directory)
        .forEach(entry -> Trees.remove(host.linux(), directory, entry.name()));
    files.removeAll();
  }

  @Override
  public void close() {
    connection.ifPresent(MonitorConnection::close);
    files.close();
  }
}

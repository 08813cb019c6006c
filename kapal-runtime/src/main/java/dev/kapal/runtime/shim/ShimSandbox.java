package dev.kapal.runtime.shim;

import static dev.kapal.linux.Fcntl.O_NONBLOCK;
import static dev.kapal.linux.Fcntl.O_RDWR;

import dev.kapal.linux.Errno;
import dev.kapal.linux.ErrnoException;
import dev.kapal.linux.Fd;
import dev.kapal.linux.SocketType;
import dev.kapal.oci.runtime.NamespaceType;
import dev.kapal.runtime.Container;
import dev.kapal.runtime.ContainerException;
import dev.kapal.runtime.ContainerSpec;
import dev.kapal.runtime.Input;
import dev.kapal.runtime.LogTarget;
import dev.kapal.runtime.SandboxSpec;
import dev.kapal.runtime.driver.LaunchPacket;
import dev.kapal.runtime.driver.LaunchedProcess;
import dev.kapal.runtime.driver.MonitoredSandbox;
import dev.kapal.runtime.driver.Trees;
import dev.kapal.runtime.monitor.Packet;
import dev.kapal.runtime.monitor.SandboxFiles;
import dev.kapal.runtime.ttrpc.TtrpcException;
import dev.kapal.runtime.ttrpc.TtrpcServer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/**
 * A sandbox whose containers shims run. It serves the address to which its shims tell their events;
 * while this process is away nobody does, and what a shim could not tell is asked for afterwards.
 */
final class ShimSandbox extends MonitoredSandbox<ShimContainer> {
  /** Where the bundles are. */
  static final String TASKS = "task";

  private static final String EVENTS = "events.sock";
  private static final long LOG_SIZE = 1 << 20;

  /** sun_path, with its NUL. */
  private static final int LONGEST = 107;

  private static final JsonMapper MAPPER = JsonMapper.builder().build();

  private final ShimHost host;
  private final Map<String, Shim> shims = new HashMap<>();
  private Optional<TtrpcServer> events = Optional.empty();
  private Optional<SandboxShim> own = Optional.empty();

  private ShimSandbox(
      ShimHost host, String id, SandboxFiles files, Map<NamespaceType, Path> namespaces) {
    super(host.linux(), host.poller(), id, files, namespaces);
    this.host = host;
  }

  static ShimSandbox create(ShimHost host, SandboxSpec spec) {
    SandboxFiles files = newFiles(host.linux(), spec.stateDirectory());
    ShimSandbox sandbox = new ShimSandbox(host, spec.id(), files, spec.namespaces());
    sandbox.begin(host.program(), spec);
    try {
      Trees.make(host.linux(), files.directory(), TASKS);
      sandbox.serve();
      if (host.config().sandboxer()) {
        SandboxShim shim = new SandboxShim(sandbox);
        sandbox.own = Optional.of(shim);
        shim.start(spec.annotations());
      }
      return sandbox;
    } catch (ErrnoException | ContainerException e) {
      sandbox.quit();
      throw e instanceof ContainerException own
          ? own
          : new ContainerException.Failed(
              "The sandbox " + spec.id() + " cannot be made: " + e.getMessage(), e);
    }
  }

  /** The shim that has made it, if one has. */
  Optional<SandboxShim> own() {
    return own;
  }

  /** From disk. */
  void restoreOwn(ShimRecord.Own found) {
    SandboxShim shim = new SandboxShim(this);
    own = Optional.of(shim);
    shim.restore(found);
  }

  @Override
  public void quit() {
    if (containers().isEmpty() && own.isPresent()) {
      own.get().end();
      own = Optional.empty();
    }
    super.quit();
  }

  static ShimSandbox reconnect(ShimHost host, Path directory) {
    SandboxFiles files = SandboxFiles.open(host.linux(), directory);
    try {
      ShimRecord state = read(files, directory);
      Map<NamespaceType, Path> namespaces = new TreeMap<>();
      state.namespaces().forEach((type, path) -> namespaces.put(type, Path.of(path)));
      ShimSandbox sandbox = new ShimSandbox(host, state.id(), files, namespaces);
      sandbox.used(state.reserved());
      new ShimReconnect(sandbox, state).run();
      return sandbox;
    } catch (RuntimeException e) {
      files.close();
      throw e;
    }
  }

  private static ShimRecord read(SandboxFiles files, Path directory) {
    byte[] json =
        files
            .read(STATE)
            .orElseThrow(() ->
                new ContainerException.Gone(
                    "There is no sandbox at " + directory + ": it has no " + STATE));
    try {
      ShimRecord state = MAPPER.readValue(json, ShimRecord.class);
      if (state == null || state.version() != 1 || !"shim".equals(state.kind())) {
        throw new ContainerException.Gone(
            "The sandbox at " + directory + " belongs to another runtime or version of Kapal");
      }
      return state;
    } catch (JacksonException e) {
      throw new ContainerException.Gone(
          "The state of the sandbox at " + directory + " is damaged: remove the directory", e);
    }
  }

  @Override
  protected void write(int reserved, List<ShimContainer> all) {
    Map<NamespaceType, String> paths = new TreeMap<>();
    namespaces().forEach((type, path) -> paths.put(type, path.toString()));
    files()
        .write(
            STATE,
            MAPPER.writeValueAsBytes(
                new ShimRecord(
                    1,
                    "shim",
                    id(),
                    paths,
                    reserved,
                    all.stream().map(ShimContainer::toRecord).toList(),
                    own.map(o -> List.of(o.record())).orElse(List.of()))));
  }

  ShimHost host() {
    return host;
  }

  /** Serves the events of its shims from now on. */
  void serve() {
    Trees.remove(host.linux(), files().directory(), EVENTS);
    Fd listener =
        host.linux().sockets().listen(files().directory(), EVENTS, SocketType.STREAM, 0600);
    events = Optional.of(TtrpcServer.over(host.linux(), host.poller(), listener, this::forwarded));
  }

  /**
   * Where its shims tell their events: the same for as long as the sandbox lives. A path that is
   * too long for a socket goes through the monitor, which has the directory open.
   */
  String eventsAddress() {
    String path = path(EVENTS);
    return path.getBytes(StandardCharsets.UTF_8).length <= LONGEST
        ? path
        : "/proc/" + connection().monitorPid() + "/fd/4/" + EVENTS;
  }

  private byte[] forwarded(String service, String method, byte[] payload) {
    if (!service.equals(ShimEvent.SERVICE) || !method.equals("Forward")) {
      throw new TtrpcException(
          TtrpcException.UNIMPLEMENTED, service + "/" + method + " is not served here");
    }
    ShimEvent.parse(payload)
        .ifPresent(event ->
            container(event.container())
                .map(c -> (ShimContainer) c)
                .ifPresent(c ->
                    Thread.startVirtualThread(() -> {
                      switch (event) {
                        case ShimEvent.Exited(_, String exec, TaskService.Exit exit) ->
                            c.exited(exec, exit);
                        case ShimEvent.OutOfMemory _ -> c.outOfMemory();
                      }
                    })));
    return new byte[0];
  }

  /** The connection to a shim; several containers may be in one. Fails with an ErrnoException. */
  synchronized Shim shim(StartReply reply) {
    Shim known = shims.get(reply.address());
    if (known != null && known.isOpen()) {
      return known;
    }
    Shim made = Shim.connect(host, reply);
    shims.put(reply.address(), made);
    return made;
  }

  /** Its last container has left. */
  synchronized void left(Shim shim) {
    shims.remove(shim.reply().address());
    shim.close();
  }

  static void refuse(List<Fd> preserved) {
    if (!preserved.isEmpty()) {
      throw new ContainerException.Unsupported(
          "Shims cannot be given descriptors: use another runtime, or pass none");
    }
  }

  /** A process of a new number. */
  LaunchedProcess newProcess() {
    return process(this, nextNumber());
  }

  /** A process of a number that may be known to the monitor already. */
  static LaunchedProcess process(ShimSandbox sandbox, int number) {
    LaunchedProcess process = new LaunchedProcess(sandbox, number, false);
    sandbox.register(process);
    return process;
  }

  /** Has the monitor read a shim's log into a file of the sandbox. */
  int relayLog(String bundle) {
    String name = bundle + "/log";
    LaunchedProcess relay = newProcess();
    Fifos.make(this, name);
    // Open for writing too, so that it does not end with a shim's first command.
    try (Fd fifo =
        host.linux().descriptors().openat(files().directory(), name, O_RDWR | O_NONBLOCK)) {
      LogTarget log =
          new LogTarget(
              LogTarget.Format.CRI,
              files().path().resolve("shim." + relay.number() + ".log"),
              LOG_SIZE,
              1);
      var _ =
          relay.launch(LaunchPacket.relay(relay.number(), log, Input.NONE, 4), List.of(fifo), log);
      return relay.number();
    }
  }

  /** Ends a relay, in whatever state it is, and forgets it. */
  void endRelay(LaunchedProcess process) {
    if (process.launched() && process.exitStatus().isEmpty() && alive()) {
      try {
        connection()
            .ask(
                Packet.withBody(Packet.FINISH, process.number(), 16)
                    .u32(0)
                    .u64(System.currentTimeMillis() * 1_000_000L)
                    .u32(1),
                List.of());
        if (process.awaitExit(KILL).isEmpty()) {
          throw new ContainerException.Failed(
              "The streams of process " + process.number() + " do not end");
        }
      } catch (ErrnoException e) {
        if (!e.is(Errno.ESRCH, Errno.ENOENT)) {
          throw new ContainerException.Failed(
              "The streams of process " + process.number() + " do not end: " + e.getMessage(), e);
        }
      } catch (ContainerException.Gone _) {
        // It went with the monitor.
      } catch (InterruptedException _) {
        Thread.currentThread().interrupt();
      }
    }
    forget(process.number());
  }

  /** As the other one, by its number; 0: there is none. */
  void endRelay(int number) {
    if (number > 0) {
      process(number).ifPresent(this::endRelay);
      Trees.remove(host.linux(), files().directory(), "shim." + number + ".log");
    }
  }

  @Override
  public void exited(int process, int status, long time) {
    process(process)
        .ifPresent(
            p -> p.ended(status, time, p instanceof ShimProcess s ? s.reason() : Optional.empty()));
  }

  @Override
  public void inputClosed(int process) {
    process(process)
        .ifPresent(p -> {
          if (p instanceof ShimProcess s) {
            Thread.startVirtualThread(s::inputClosed);
          }
        });
  }

  @Override
  public Container createContainer(ContainerSpec spec) {
    ShimRuntime.checkId(spec.id());
    connection();
    return new ShimCreation(this, spec).run();
  }

  @Override
  public void close() {
    synchronized (this) {
      shims.values().forEach(Shim::close);
      shims.clear();
      events.ifPresent(TtrpcServer::close);
      events = Optional.empty();
    }
    super.close();
  }
}

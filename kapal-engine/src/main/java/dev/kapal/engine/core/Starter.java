package dev.kapal.engine.core;

import dev.kapal.engine.EngineException;
import dev.kapal.engine.Observer.Operation;
import dev.kapal.engine.config.ConfigBuilder;
import dev.kapal.engine.config.ConfigRequest;
import dev.kapal.engine.config.ConfigRequest.ResolvedMount;
import dev.kapal.engine.config.UserDatabase;
import dev.kapal.engine.config.UserResolver;
import dev.kapal.engine.spec.ContainerSpec;
import dev.kapal.engine.spec.NamespaceMode;
import dev.kapal.engine.spec.NetworkSpec;
import dev.kapal.engine.spec.ProcessSpec;
import dev.kapal.engine.store.ContainerRecord;
import dev.kapal.image.Snapshot;
import dev.kapal.linux.FaultPoint;
import dev.kapal.network.AttachRequest;
import dev.kapal.network.Attachment;
import dev.kapal.network.NetworkRequest;
import dev.kapal.network.PortMapping;
import dev.kapal.network.PortRange;
import dev.kapal.network.Protocol;
import dev.kapal.oci.runtime.Namespace;
import dev.kapal.oci.runtime.NamespaceType;
import dev.kapal.oci.runtime.RuntimeConfig;
import dev.kapal.runtime.Container;
import dev.kapal.runtime.Input;
import dev.kapal.runtime.LogTarget;
import dev.kapal.runtime.RootFilesystem;
import dev.kapal.runtime.Runtime;
import dev.kapal.runtime.Sandbox;
import dev.kapal.runtime.SandboxSpec;
import dev.kapal.runtime.Tier;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;

/** Starts containers: everything from the request to a running process, or nothing at all. */
final class Starter {
  private final Hub hub;
  private final Mounting mounting;
  private final RunFiles runFiles;
  private final Users users;

  Starter(Hub hub, Mounting mounting, RunFiles runFiles, Users users) {
    this.hub = hub;
    this.mounting = mounting;
    this.runFiles = runFiles;
    this.users = users;
  }

  /**
   * Starts. The caller holds the entry's lock and has made sure that nothing of it runs.
   *
   * @param attach joins streams; called when the process exists and before its program runs
   * @param checkpoint what it goes on from, if it does not begin
   */
  Live start(
      Entry e,
      Consumer<Container> attach,
      Optional<dev.kapal.runtime.ContainerSpec.Restore> checkpoint) {
    ContainerRecord c = e.record;
    try (Undo undo = new Undo()) {
      Snapshot snapshot =
          hub.images
              .snapshots()
              .find(c.id())
              .orElseThrow(() ->
                  new EngineException.SystemFailure(
                      "the files of container " + c.name() + " are gone: remove it"));
      Map<String, String> join = joins(c);
      Path run = hub.layout.run(c.id());
      undo.push(() -> mounting.clear(c));
      Files.createDirectory(run, Layout.PRIVATE);
      FaultPoint.reach("start.directory");
      Map<String, String> files = runFiles.make(c);
      FaultPoint.reach("start.files");
      List<ResolvedMount> mounts = mounting.prepare(c);
      Optional<String> shm = mounting.shm(c);
      FaultPoint.reach("start.mounts");
      UserResolver.Resolved user = user(c, snapshot);
      RuntimeConfig built =
          ConfigBuilder.build(
              new ConfigRequest(c, user, mounts, files, join, shm, init(c)), hub.facts);
      Runtime runtime = hub.runtime(c.runtime());
      Map<NamespaceType, Path> pinned = pinned(c, built, runtime.tier());
      RuntimeConfig config = joined(built, pinned);
      Optional<Sandbox> own =
          c.spec().pod().isPresent()
              ? Optional.empty()
              : Optional.of(
                  hub.observing.during(
                      Operation.SANDBOX_CREATE,
                      () ->
                          runtime.createSandbox(
                              new SandboxSpec(
                                  c.id(), hub.layout.sandbox(c.id()), pinned, Map.of()))));
      own.ifPresent(s -> undo.push(s::quit));
      Sandbox sandbox = own.orElseGet(() -> sandboxOfPod(c));
      FaultPoint.reach("start.sandbox");
      dev.kapal.runtime.ContainerSpec spec =
          dev.kapal.runtime.ContainerSpec.of(c.id(), config, root(snapshot), run)
              .withInput(input(c.spec().process()))
              .withLog(log(c));
      Container container =
          hub.observing.during(
              Operation.PROCESS_CREATE,
              () -> sandbox.createContainer(checkpoint.map(spec::withCheckpoint).orElse(spec)));
      undo.push(() -> container.delete(true));
      FaultPoint.reach("start.container");
      // Some runtimes make the process of a checkpoint when it goes on, and no sooner.
      boolean late = checkpoint.isPresent() && container.pid() == 0;
      Optional<Attachment> network = late ? Optional.empty() : network(c, container, undo);
      FaultPoint.reach("start.network");
      attach.accept(container);
      FaultPoint.reach("start.attached");
      container.start();
      if (late) {
        network = network(c, container, undo);
      }
      FaultPoint.reach("start.released");
      undo.commit();
      return new Live(own, container, network);
    } catch (IOException io) {
      throw Layout.failure("make the directory", hub.layout.run(c.id()), io);
    }
  }

  /**
   * Network namespaces that a runtime is given: with a network stack of its own it takes what it
   * finds in one, and leaves out interfaces that are down, as loopback is in a new one.
   */
  private Map<NamespaceType, Path> pinned(ContainerRecord c, RuntimeConfig config, Tier tier) {
    boolean made =
        config.linux().stream()
            .flatMap(l -> l.namespace(NamespaceType.NETWORK).stream())
            .anyMatch(n -> n.path().isEmpty());
    return tier != Tier.NATIVE && c.spec().pod().isEmpty() && made
        ? Map.of(NamespaceType.NETWORK, hub.layout.run(c.id()).resolve("net"))
        : Map.of();
  }

  private static RuntimeConfig joined(RuntimeConfig config, Map<NamespaceType, Path> pinned) {
    return pinned.isEmpty()
        ? config
        : config.withLinux(
            config.linux().stream()
                .map(l ->
                    l.withNamespaces(
                        l.namespaces().stream()
                            .map(n ->
                                Optional.ofNullable(pinned.get(n.type()))
                                    .map(path -> Namespace.join(n.type(), path.toString()))
                                    .orElse(n))
                            .toList()))
                .findFirst()
                .orElseThrow());
  }

  private static RootFilesystem root(Snapshot s) {
    return switch (s.snapshotter()) {
      case OVERLAY -> new RootFilesystem.Overlay(s.lowerDirs(), s.upper(), s.work(), List.of());
      case COPY -> new RootFilesystem.Directory(s.upper());
    };
  }

  private Sandbox sandboxOfPod(ContainerRecord c) {
    PodEntry pod = pod(c);
    return pod.sandbox.filter(_ -> pod.ready()).orElseThrow(() -> Members.stopped(pod));
  }

  private PodEntry pod(ContainerRecord c) {
    return hub.pods.get(c.spec().pod().orElseThrow().pod());
  }

  /** Finds what would keep a container from starting and can be known before. */
  void check(ContainerRecord c) {
    List<ResolvedMount> mounts =
        c.mountSpecs().stream().map(m -> new ResolvedMount(m, m.source())).toList();
    UserResolver.Resolved nobody =
        UserResolver.resolve("", List.of(), c.spec().process().umask(), UserDatabase.EMPTY);
    Map<String, String> join = new LinkedHashMap<>();
    if (c.networkMode().startsWith("container:")) {
      join.put("net", "/proc/self/ns/net");
    }
    ConfigBuilder.build(
        new ConfigRequest(c, nobody, mounts, Map.of(), join, Optional.empty(), init(c)), hub.facts);
  }

  private Optional<String> init(ContainerRecord c) {
    return c.spec().process().init()
        ? hub.config.initProgram().map(Path::toString)
        : Optional.empty();
  }

  private UserResolver.Resolved user(ContainerRecord c, Snapshot snapshot) {
    ProcessSpec p = c.spec().process();
    return UserResolver.resolve(
        c.process().user(), p.groupAdd(), p.umask(), users.of(snapshot), p.strictGroups());
  }

  private Map<String, String> joins(ContainerRecord c) {
    ContainerSpec s = c.spec();
    Map<String, String> join = new LinkedHashMap<>();
    join(join, "pid", s.namespaces().pid());
    join(join, "ipc", s.namespaces().ipc());
    join(join, "uts", s.namespaces().uts());
    if (c.networkMode().startsWith("container:")) {
      join(join, "net", NamespaceMode.parse(c.networkMode()));
    }
    if (s.pod().isPresent() && s.namespaces().user().kind() == NamespaceMode.Kind.PRIVATE) {
      join(join, "user", new NamespaceMode(NamespaceMode.Kind.CONTAINER, s.pod().get().pod()));
    }
    return join;
  }

  private void join(Map<String, String> join, String kind, NamespaceMode mode) {
    if (mode.kind() != NamespaceMode.Kind.CONTAINER) {
      return;
    }
    Optional<PodEntry> pod = hub.pods.byId(mode.container());
    if (pod.isPresent()) {
      join.put(kind, ofPod(pod.get(), kind));
      return;
    }
    Entry other = hub.index.get(mode.container());
    Live live =
        other
            .live
            .filter(l -> other.state.phase().alive())
            .orElseThrow(() ->
                new EngineException.Conflict(
                    "container "
                        + other.name()
                        + ", whose namespace is shared, does not run: start it first"));
    join.put(kind, "/proc/" + live.container().pid() + "/ns/" + kind);
  }

  private static String ofPod(PodEntry pod, String kind) {
    Sandbox sandbox = pod.sandbox.orElseThrow(() -> Members.stopped(pod));
    if (kind.equals("pid")) {
      Container anchor =
          PodAnchor.find(pod.record, sandbox)
              .orElseThrow(() ->
                  new EngineException.Conflict(
                      "the first process of pod " + pod.record.spec().name() + " is gone"));
      return "/proc/" + anchor.pid() + "/ns/pid";
    }
    return sandbox.namespaces().entrySet().stream()
        .filter(e -> e.getKey().procName().equals(kind))
        .map(e -> e.getValue().toString())
        .findFirst()
        .orElseThrow(() ->
            new EngineException.InvalidArgument(
                "pod " + pod.record.spec().name() + " has no " + kind + " namespace of its own"));
  }

  private static Input input(ProcessSpec p) {
    return !p.stdinOpen() ? Input.NONE : p.stdinOnce() ? Input.ONCE : Input.KEEP;
  }

  private static LogTarget log(ContainerRecord c) {
    if (c.log().path().isEmpty()) {
      return LogTarget.NONE;
    }
    return new LogTarget(
        c.log().driver().equals("cri") ? LogTarget.Format.CRI : LogTarget.Format.JSON_FILE,
        Path.of(c.log().path().get()),
        c.log().maxSize(),
        c.log().maxFiles());
  }

  /** Whether a container has networks of its own to join. */
  static boolean networked(ContainerRecord c) {
    String mode = c.networkMode();
    return !mode.equals("none") && !mode.equals("host") && !mode.startsWith("container:");
  }

  private Optional<Attachment> network(ContainerRecord c, Container container, Undo undo) {
    if (!networked(c)) {
      return Optional.empty();
    }
    NetworkSpec n = c.spec().network();
    List<NetworkRequest> networks = new ArrayList<>();
    networks.add(request(c.networkMode(), n));
    for (String more : n.endpoints().keySet()) {
      if (!more.equals(c.networkMode())) {
        networks.add(request(more, n));
      }
    }
    AttachRequest request =
        new AttachRequest(
            c.id(), "/proc/" + container.pid() + "/ns/net", networks, ports(c), Map.of(), Map.of());
    Attachment a = hub.networks.attach(request);
    undo.push(() -> hub.peers.detach(c.id()));
    runFiles.complete(c, a);
    hub.peers.joined(a);
    return Optional.of(a);
  }

  private static NetworkRequest request(String network, NetworkSpec n) {
    return request(network, n.endpoints().getOrDefault(network, NetworkSpec.Endpoint.ANY));
  }

  static NetworkRequest request(String network, NetworkSpec.Endpoint e) {
    List<InetAddress> addresses = new ArrayList<>();
    e.ipv4().ifPresent(a -> addresses.add(address(a)));
    e.ipv6().ifPresent(a -> addresses.add(address(a)));
    return new NetworkRequest(network, Optional.empty(), addresses, e.mac(), e.aliases());
  }

  private static InetAddress address(String text) {
    try {
      return InetAddress.ofLiteral(text);
    } catch (IllegalArgumentException e) {
      throw new EngineException.InvalidArgument(
          "address \"" + text + "\" is not an IP address: write it as in 172.30.0.5", e);
    }
  }

  static List<PortMapping> ports(ContainerRecord c) {
    List<PortMapping> all = new ArrayList<>(c.spec().network().ports());
    if (c.spec().network().publishAll()) {
      for (String e : c.exposed()) {
        PortMapping wanted = PortMapping.parse(e);
        PortRange range = wanted.containerPorts();
        Protocol protocol = wanted.protocol();
        boolean there =
            all.stream()
                .anyMatch(p -> p.protocol() == protocol && p.containerPorts().equals(range));
        if (!there) {
          all.add(wanted);
        }
      }
    }
    return all;
  }
}

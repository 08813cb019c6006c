package dev.kapal.engine.core;

import dev.kapal.engine.EngineConfig;
import dev.kapal.engine.EngineParts;
import dev.kapal.engine.config.HostFacts;
import dev.kapal.engine.spec.LogSpec;
import dev.kapal.image.Image;
import dev.kapal.image.Images;
import dev.kapal.image.Snapshot;
import dev.kapal.image.SnapshotOptions;
import dev.kapal.image.SnapshotUsage;
import dev.kapal.image.Snapshots;
import dev.kapal.image.Snapshotter;
import dev.kapal.linux.Linux;
import dev.kapal.network.AttachRequest;
import dev.kapal.network.Attachment;
import dev.kapal.network.NetworkException;
import dev.kapal.network.Networks;
import dev.kapal.oci.ContainerConfig;
import dev.kapal.oci.Descriptor;
import dev.kapal.oci.Digest;
import dev.kapal.oci.ImageConfig;
import dev.kapal.oci.Platform;
import dev.kapal.oci.Reference;
import dev.kapal.oci.RootFs;
import dev.kapal.oci.runtime.NamespaceType;
import dev.kapal.oci.runtime.Resources;
import dev.kapal.oci.runtime.RuntimeConfig;
import dev.kapal.oci.runtime.Seccomp;
import dev.kapal.runtime.Container;
import dev.kapal.runtime.ContainerException;
import dev.kapal.runtime.ContainerProcess;
import dev.kapal.runtime.ContainerSpec;
import dev.kapal.runtime.ContainerStats;
import dev.kapal.runtime.ExecSpec;
import dev.kapal.runtime.ExitStatus;
import dev.kapal.runtime.Runtime;
import dev.kapal.runtime.RuntimeFeatures;
import dev.kapal.runtime.Sandbox;
import dev.kapal.runtime.SandboxSpec;
import dev.kapal.runtime.Streams;
import dev.kapal.runtime.Tier;
import java.io.IOException;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Proxy;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.function.IntConsumer;

/**
 * A host in memory: what a runtime, networks and an image store hold outside of the engine's
 * process, which therefore outlives it. Each call is a step; at a chosen step it fails, or the
 * world as it is then, disk included, is put aside for an engine that opens over it.
 */
final class FakeWorld {
  /** What restored containers were given. */
  final List<Path> goneOnFrom = java.util.Collections.synchronizedList(new ArrayList<>());

  /** A container of a sandbox. */
  static final class Box {
    Container.State state = Container.State.CREATED;
    Optional<ExitStatus> exit = Optional.empty();
    final List<Consumer<? super ExitStatus>> listeners = new ArrayList<>();
  }

  final Path base;
  final Map<String, Optional<Box>> sandboxes = new TreeMap<>();
  final Set<String> snapshots = new TreeSet<>();
  final Set<String> attached = new TreeSet<>();
  final List<String> steps = new ArrayList<>();
  private int failAt = -1;
  private Runnable onStep = () -> {};

  FakeWorld(Path base) {
    this.base = base;
  }

  /** The same things, over a copy of the directories; nothing in it is watched any more. */
  synchronized FakeWorld copy(Path to) {
    copyTree(base, to);
    FakeWorld w = new FakeWorld(to);
    sandboxes.forEach((id, box) ->
        w.sandboxes.put(
            id,
            box.map(b -> {
              Box n = new Box();
              n.state = b.state;
              n.exit = b.exit;
              return n;
            })));
    w.snapshots.addAll(snapshots);
    w.attached.addAll(attached);
    return w;
  }

  private static void copyTree(Path from, Path to) {
    try (var all = Files.walk(from)) {
      for (Path p : all.toList()) {
        Path t = to.resolve(from.relativize(p).toString());
        if (Files.isDirectory(p)) {
          Files.createDirectories(t);
        } else {
          Files.copy(p, t);
        }
      }
    } catch (IOException | java.io.UncheckedIOException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Lets the n-th step from now on fail; counting starts anew. */
  synchronized void failAt(int n) {
    steps.clear();
    failAt = n;
  }

  /** Calls back before and after each step. */
  synchronized void onStep(Runnable callback) {
    onStep = callback;
  }

  private void step(String what) {
    boolean fails;
    Runnable callback;
    synchronized (this) {
      steps.add(what);
      fails = steps.size() == failAt;
      callback = onStep;
    }
    callback.run();
    if (fails) {
      throw new ContainerException.Failed("injected at step " + what);
    }
  }

  private void done() {
    Runnable callback;
    synchronized (this) {
      callback = onStep;
    }
    callback.run();
  }

  LocalEngine open() {
    EngineConfig config =
        EngineConfig.at(base.resolve("run"), base.resolve("lib"))
            .withDefaults("fake", "bridge", LogSpec.of("none"));
    return LocalEngine.open(
        config,
        new EngineParts(users -> images(), List.of(new FakeRuntime()), networks(), Linux.system()),
        new FakeFacts());
  }

  /** Ends a container's process. */
  void end(String id, int code) {
    List<Consumer<? super ExitStatus>> listeners;
    ExitStatus status;
    synchronized (this) {
      Optional<Box> box = sandboxes.getOrDefault(id, Optional.empty());
      if (box.isEmpty()) {
        return;
      }
      Box b = box.get();
      if (b.state != Container.State.RUNNING && b.state != Container.State.PAUSED) {
        return;
      }
      b.state = Container.State.STOPPED;
      status = new ExitStatus(code, 0, false, Instant.now(), Optional.empty());
      b.exit = Optional.of(status);
      listeners = List.copyOf(b.listeners);
    }
    listeners.forEach(l -> l.accept(status));
  }

  synchronized boolean empty() {
    return sandboxes.isEmpty() && snapshots.isEmpty() && attached.isEmpty();
  }

  synchronized boolean runs(String id) {
    return Optional.ofNullable(sandboxes.get(id))
        .flatMap(b -> b)
        .map(b -> b.state == Container.State.RUNNING || b.state == Container.State.PAUSED)
        .orElse(false);
  }

  static Image image() {
    ContainerConfig config =
        new ContainerConfig(
            "",
            Set.of("80/tcp"),
            List.of("FROM=image"),
            List.of(),
            List.of("serve"),
            Set.of("/data"),
            "/work",
            Map.of("of", "image"),
            "",
            false,
            Optional.empty(),
            List.of(),
            List.of());
    Digest id = Digest.sha256("config".getBytes(java.nio.charset.StandardCharsets.UTF_8));
    return new Image(
        id,
        List.of(Reference.parse("docker.io/library/web:latest")),
        List.of(),
        Descriptor.of("application/vnd.oci.image.manifest.v1+json", new byte[] {1}),
        ImageConfig.of(Platform.host(), Instant.EPOCH, "", config, RootFs.of(List.of()), List.of()),
        10,
        Instant.EPOCH,
        Instant.EPOCH);
  }

  /** An interface of which only some methods matter here; the others are not called. */
  private static <T> T partly(
      Class<T> type, Map<String, java.util.function.Function<Object[], Object>> methods) {
    return type.cast(
        Proxy.newProxyInstance(
            type.getClassLoader(),
            new Class<?>[] {type},
            (proxy, method, args) -> {
              var f = methods.get(method.getName());
              if (f == null && method.isDefault()) {
                return InvocationHandler.invokeDefault(
                    proxy, method, args == null ? new Object[0] : args);
              }
              if (f == null) {
                throw new UnsupportedOperationException(method.getName());
              }
              return f.apply(args);
            }));
  }

  private Images images() {
    Snapshots s = new FakeSnapshots();
    return partly(
        Images.class,
        Map.of(
            "find",
            a -> {
              step("image.find");
              return ((String) a[0]).equals("web") ? Optional.of(image()) : Optional.empty();
            },
            "variants",
            a -> ((String) a[0]).equals("web") ? List.of(image()) : List.of(),
            "snapshots",
            a -> s,
            "close",
            a -> Optional.empty()));
  }

  private Networks networks() {
    return partly(
        Networks.class,
        Map.of(
            "attach",
            a -> {
              step("network.attach");
              AttachRequest r = (AttachRequest) a[0];
              synchronized (this) {
                if (!attached.add(r.containerId())) {
                  throw new NetworkException.Conflict("attached already");
                }
              }
              done();
              return new Attachment(r.containerId(), r.netnsPath(), List.of(), List.of());
            },
            "detach",
            a -> {
              step("network.detach");
              synchronized (this) {
                attached.remove((String) a[0]);
              }
              done();
              return Optional.empty();
            },
            "cached",
            a -> {
              synchronized (this) {
                return attached.contains((String) a[0])
                    ? Optional.of(new Attachment((String) a[0], "", List.of(), List.of()))
                    : Optional.empty();
              }
            },
            "attachments",
            a -> List.of(),
            "gc",
            a -> {
              synchronized (this) {
                attached.retainAll((Set<?>) a[0]);
              }
              return List.of();
            }));
  }

  private final class FakeSnapshots implements Snapshots {
    private Snapshot of(String key) {
      Path dir = base.resolve("snapshots").resolve(key);
      Path lower = base.resolve("lower");
      return new Snapshot(
          key,
          image().id(),
          Snapshotter.OVERLAY,
          List.of(lower),
          base,
          dir.resolve("upper"),
          dir.resolve("work"));
    }

    @Override
    public Snapshot prepare(String key, Image image, SnapshotOptions options) {
      step("snapshot.prepare");
      Snapshot s = of(key);
      try {
        Files.createDirectories(s.upper());
        Files.createDirectories(s.work());
        Files.createDirectories(base.resolve("lower/data"));
        Files.write(base.resolve("lower/data/file"), new byte[] {1});
      } catch (IOException e) {
        throw new IllegalStateException(e);
      }
      synchronized (FakeWorld.this) {
        snapshots.add(key);
      }
      done();
      return s;
    }

    @Override
    public Optional<Snapshot> find(String key) {
      synchronized (FakeWorld.this) {
        return snapshots.contains(key) ? Optional.of(of(key)) : Optional.empty();
      }
    }

    @Override
    public List<String> list() {
      synchronized (FakeWorld.this) {
        return List.copyOf(snapshots);
      }
    }

    @Override
    public void remove(String key) {
      step("snapshot.remove");
      synchronized (FakeWorld.this) {
        snapshots.remove(key);
      }
      done();
    }

    @Override
    public SnapshotUsage usage(String key) {
      return new SnapshotUsage(0, 0);
    }

    @Override
    public List<dev.kapal.image.Change> changes(String key, Set<String> hollow) {
      return List.of();
    }

    @Override
    public void diff(String key, Set<String> hollow, java.io.OutputStream layer) {
      step("snapshot.diff");
      try {
        var tar = new dev.kapal.image.tar.TarWriter(layer);
        tar.begin(dev.kapal.image.tar.TarEntry.file("changed", 3, 0644));
        tar.write(new byte[] {1, 2, 3}, 0, 3);
        tar.finish();
      } catch (IOException e) {
        throw new java.io.UncheckedIOException(e);
      }
    }
  }

  @SuppressWarnings("JavaLangClash") // the field's own word
  private final class FakeRuntime implements Runtime {
    @Override
    public String name() {
      return "fake";
    }

    @Override
    public Tier tier() {
      return Tier.NATIVE;
    }

    @Override
    public RuntimeFeatures features() {
      return new RuntimeFeatures(true, true, true, true, true, true, true, true, true);
    }

    @Override
    public Sandbox createSandbox(SandboxSpec spec) {
      step("sandbox.create");
      try {
        Files.createDirectory(spec.stateDirectory());
      } catch (IOException e) {
        throw new IllegalStateException(e);
      }
      done();
      synchronized (FakeWorld.this) {
        sandboxes.put(spec.id(), Optional.empty());
      }
      done();
      return new FakeSandbox(spec.id(), spec.stateDirectory());
    }

    @Override
    public Sandbox reconnect(Path stateDirectory) {
      String id = String.valueOf(stateDirectory.getFileName());
      synchronized (FakeWorld.this) {
        if (!sandboxes.containsKey(id)) {
          throw new ContainerException.Gone("no sandbox " + id);
        }
      }
      return new FakeSandbox(id, stateDirectory);
    }

    @Override
    public void close() {}
  }

  private final class FakeSandbox implements Sandbox {
    private final String id;
    private final Path directory;

    FakeSandbox(String id, Path directory) {
      this.id = id;
      this.directory = directory;
    }

    @Override
    public String id() {
      return id;
    }

    @Override
    public Path stateDirectory() {
      return directory;
    }

    @Override
    public Optional<Integer> monitorPid() {
      return Optional.empty();
    }

    @Override
    public boolean alive() {
      return true;
    }

    @Override
    public Map<NamespaceType, Path> namespaces() {
      return Map.of();
    }

    @Override
    public List<Container> containers() {
      return container(id).stream().toList();
    }

    @Override
    public Optional<Container> container(String name) {
      synchronized (FakeWorld.this) {
        return sandboxes.getOrDefault(id, Optional.empty()).map(b -> new FakeContainer(this, b));
      }
    }

    @Override
    public Container createContainer(ContainerSpec spec) {
      step("container.create");
      spec.checkpoint().ifPresent(from -> goneOnFrom.add(from.directory()));
      Box b = new Box();
      synchronized (FakeWorld.this) {
        sandboxes.put(id, Optional.of(b));
      }
      done();
      return new FakeContainer(this, b);
    }

    @Override
    public void quit() {
      step("sandbox.quit");
      synchronized (FakeWorld.this) {
        if (sandboxes.getOrDefault(id, Optional.empty()).isPresent()) {
          throw new ContainerException.WrongState("it has a container");
        }
        sandboxes.remove(id);
      }
      done();
      try {
        Files.deleteIfExists(directory);
      } catch (IOException e) {
        throw new IllegalStateException(e);
      }
      done();
    }

    @Override
    public void close() {}
  }

  private final class FakeContainer implements Container {
    private final FakeSandbox sandbox;
    private final Box box;

    FakeContainer(FakeSandbox sandbox, Box box) {
      this.sandbox = sandbox;
      this.box = box;
    }

    @Override
    public String id() {
      return sandbox.id;
    }

    @Override
    public Sandbox sandbox() {
      return sandbox;
    }

    @Override
    public RuntimeConfig config() {
      return RuntimeConfig.empty();
    }

    @Override
    public State state() {
      synchronized (FakeWorld.this) {
        return box.state;
      }
    }

    @Override
    public String cgroupPath() {
      return "/fake";
    }

    @Override
    public void checkpoint(dev.kapal.runtime.CheckpointSpec spec) {
      step("container.checkpoint");
      try {
        Files.writeString(spec.directory().resolve("pages.img"), "the state of " + id());
      } catch (IOException e) {
        throw new java.io.UncheckedIOException(e);
      }
      if (!spec.leaveRunning()) {
        end(sandbox.id, 137);
      }
    }

    @Override
    public void start() {
      step("container.start");
      synchronized (FakeWorld.this) {
        box.state = State.RUNNING;
      }
      done();
    }

    @Override
    public void signal(int signal) {
      step("container.signal");
      if (signal == 9 || signal == 15) {
        end(sandbox.id, 128 + signal);
      }
    }

    @Override
    public void signalAll(int signal) {
      signal(signal);
    }

    @Override
    public ContainerProcess exec(ExecSpec spec) {
      throw new ContainerException.Unsupported("no exec");
    }

    @Override
    public List<ContainerProcess> processes() {
      return List.of();
    }

    @Override
    public List<Integer> pids() {
      return List.of();
    }

    @Override
    public void pause() {
      step("container.pause");
      synchronized (FakeWorld.this) {
        box.state = State.PAUSED;
      }
      done();
    }

    @Override
    public void resume() {
      step("container.resume");
      synchronized (FakeWorld.this) {
        if (box.state == State.PAUSED) {
          box.state = State.RUNNING;
        }
      }
      done();
    }

    @Override
    public void update(Resources resources) {}

    @Override
    public ContainerStats stats() {
      throw new ContainerException.Unsupported("no stats");
    }

    @Override
    public long oomKills() {
      return 0;
    }

    @Override
    public void onOom(IntConsumer listener) {}

    @Override
    public void delete(boolean force) {
      step("container.delete");
      synchronized (FakeWorld.this) {
        if (sandboxes.containsKey(sandbox.id)) {
          sandboxes.put(sandbox.id, Optional.empty());
        }
      }
      done();
    }

    @Override
    public int number() {
      return 1;
    }

    @Override
    public int pid() {
      return 1;
    }

    @Override
    public dev.kapal.runtime.Attachment attach(Streams streams) {
      step("container.attach");
      return () -> {};
    }

    @Override
    public void resize(int rows, int columns) {}

    @Override
    public void closeInput() {}

    @Override
    public void reopenLog() {}

    @Override
    public Optional<ExitStatus> exitStatus() {
      synchronized (FakeWorld.this) {
        return box.exit;
      }
    }

    @Override
    public ExitStatus awaitExit() {
      throw new UnsupportedOperationException();
    }

    @Override
    public Optional<ExitStatus> awaitExit(Duration time) {
      return exitStatus();
    }

    @Override
    public void onExit(Consumer<? super ExitStatus> listener) {
      Optional<ExitStatus> now;
      synchronized (FakeWorld.this) {
        now = box.exit;
        if (now.isEmpty()) {
          box.listeners.add(listener);
        }
      }
      now.ifPresent(listener);
    }

    @Override
    public void forget() {}
  }

  /** A host with nothing on it. */
  static final class FakeFacts implements HostFacts {
    @Override
    public Optional<Node> device(String path) {
      return path.equals("/dev/sda")
          ? Optional.of(new Node(path, "b", 8, 0, 0660, 0, 6))
          : Optional.empty();
    }

    @Override
    public List<Node> devicesBelow(String directory) {
      return List.of(new Node("/dev/fuse", "c", 10, 229, 0666, 0, 0));
    }

    @Override
    public boolean isDirectory(String path) {
      return false;
    }

    @Override
    public int lastCapability() {
      return 40;
    }

    @Override
    public boolean appArmor() {
      return false;
    }

    @Override
    public boolean seLinux() {
      return false;
    }

    @Override
    public boolean cgroupV2() {
      return true;
    }

    @Override
    public List<String> thermalPaths() {
      return List.of();
    }

    @Override
    public Optional<Seccomp> defaultSeccomp(Set<String> capabilities) {
      return Optional.empty();
    }
  }
}

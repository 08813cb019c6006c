package dev.kapal.engine.core;

import dev.kapal.engine.Containers;
import dev.kapal.engine.Engine;
import dev.kapal.engine.EngineConfig;
import dev.kapal.engine.EngineException;
import dev.kapal.engine.EngineNetworks;
import dev.kapal.engine.EngineParts;
import dev.kapal.engine.EngineSystem;
import dev.kapal.engine.Events;
import dev.kapal.engine.Execs;
import dev.kapal.engine.Observer;
import dev.kapal.engine.Pods;
import dev.kapal.engine.Volumes;
import dev.kapal.engine.config.HostFacts;
import dev.kapal.engine.store.Database;
import dev.kapal.engine.store.Database.StoredContainer;
import dev.kapal.engine.store.PodRecord;
import dev.kapal.image.Images;
import dev.kapal.runtime.Runtime;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** An engine over this host. */
public final class LocalEngine implements Engine {
  private final Hub hub;
  private final Images images;
  private final Watchers watchers;
  private final LocalContainers containers;
  private final LocalExecs execs;
  private final VolumeStore volumes;
  private final LocalNetworks networks;
  private final LocalSystem system;
  private final LocalPods pods;

  /**
   * Opens an engine, and settles what the last one left: when this returns, containers that run are
   * attached again, and work that was under way is finished or undone.
   *
   * @throws EngineException.Conflict another engine has the directories open
   * @throws EngineException.SystemFailure they cannot be used
   */
  public static LocalEngine open(EngineConfig config, EngineParts parts) {
    return open(config, parts, new LinuxHostFacts(parts.linux()));
  }

  static LocalEngine open(EngineConfig config, EngineParts parts, HostFacts facts) {
    Layout layout = Layout.of(config);
    layout.prepare();
    Database database = Database.open(layout.database());
    Index index = new Index();
    List<PodRecord> pods = new ArrayList<>();
    List<String> damaged = new ArrayList<>();
    Images store;
    try {
      for (StoredContainer s : database.containers(damaged)) {
        index.reserve(s.record().name(), s.record().id());
        index.put(new Entry(layout, s.record(), s.state()));
      }
      for (PodRecord pod : database.pods(damaged)) {
        pods.add(pod);
      }
      store =
          parts
              .images()
              .apply(image ->
                  index.all().stream()
                      .filter(e -> e.record.images().contains(image.toString()))
                      .map(Entry::name)
                      .sorted()
                      .toList());
    } catch (RuntimeException e) {
      database.close();
      throw e;
    }
    Map<String, Runtime> runtimes = new LinkedHashMap<>();
    parts.runtimes().forEach(r -> runtimes.put(r.name(), r));
    EventLog events = new EventLog(config.eventHistory());
    Hub hub =
        new Hub(
            config,
            layout,
            database,
            store,
            runtimes,
            parts.networks(),
            parts.linux(),
            facts,
            index,
            events);
    try {
      pods.forEach(p -> hub.pods.put(new PodEntry(p)));
      return new LocalEngine(hub, damaged);
    } catch (RuntimeException e) {
      hub.close();
      store.close();
      database.close();
      throw e;
    }
  }

  private LocalEngine(Hub hub, List<String> damaged) {
    this.hub = hub;
    this.images = new ObservedImages(hub.images, hub.events, hub.observing);
    this.watchers = new Watchers();
    this.volumes = new VolumeStore(hub, hub.database.volumes());
    Users users = new Users(hub);
    ExecProcesses processes = new ExecProcesses(hub, users);
    Joiner joiner = new Joiner(hub);
    ImageVolumes imageVolumes = new ImageVolumes(hub);
    Mounting mounting = new Mounting(hub, volumes, imageVolumes);
    RunFiles runFiles = new RunFiles(hub.layout, hub.linux.descriptors());
    Starter starter = new Starter(hub, mounting, runFiles, users);
    HealthMonitor health = new HealthMonitor(hub, processes);
    Lifecycle lifecycle =
        Lifecycle.of(hub, volumes, mounting, starter, joiner, health, watchers, imageVolumes);
    this.execs = new LocalExecs(hub, joiner, processes);
    this.pods = new LocalPods(hub, new PodMaker(hub, runFiles, new PodAnchor(hub)), lifecycle);
    EngineSystem.RecoveryReport report =
        new Recovery(hub, lifecycle, volumes, mounting, execs, pods).run();
    hub.recovered.countDown();
    ContainerFileAccess files = new ContainerFileAccess(hub);
    this.containers =
        new LocalContainers(
            hub,
            new Creator(hub, volumes, starter, imageVolumes),
            lifecycle,
            joiner,
            watchers,
            files);
    this.networks = new LocalNetworks(hub, watchers);
    this.system =
        new LocalSystem(hub, containers, volumes, networks, images, lifecycle, report, damaged);
  }

  /**
   * Takes over other defaults for containers that are made from now on: runtime, network, log and
   * stop time-out. Everything else stays as the engine was opened with.
   *
   * @throws EngineException.InvalidArgument there is no such runtime; nothing is changed then
   */
  public void useDefaults(EngineConfig other) {
    hub.runtime(other.defaultRuntime());
    hub.config =
        hub.config
            .withDefaults(other.defaultRuntime(), other.defaultNetwork(), other.log())
            .withIdMappings(other.uidMappings(), other.gidMappings())
            .withStopTimeout(other.stopTimeout())
            .withContainers(other.containers());
  }

  /**
   * Offers one more runtime from now on; the engine closes it.
   *
   * @return false when there is one of that name already, which stays; the caller closes this one
   */
  public boolean offer(Runtime runtime) {
    return hub.runtimes.putIfAbsent(runtime.name(), runtime) == null;
  }

  /** Has somebody hear, from now on, what this engine does; only one at a time. */
  public void observe(Observer observer) {
    hub.observing.use(observer);
    hub.events.hears(observer::told);
  }

  /** A container as it is in memory; for tests. */
  Entry entry(String id) {
    return hub.index.get(id);
  }

  @Override
  public Containers containers() {
    return containers;
  }

  @Override
  public Pods pods() {
    return pods;
  }

  @Override
  public Execs execs() {
    return execs;
  }

  @Override
  public Images images() {
    return images;
  }

  @Override
  public Volumes volumes() {
    return volumes;
  }

  @Override
  public EngineNetworks networks() {
    return networks;
  }

  @Override
  public Events events() {
    return hub.events;
  }

  @Override
  public EngineSystem system() {
    return system;
  }

  @Override
  public void close() {
    if (hub.closing.getAndSet(true)) {
      return;
    }
    hub.events.close();
    hub.runtimes.values().forEach(Runtime::close);
    hub.close();
    watchers.close();
    hub.images.close();
    hub.database.close();
  }
}

package dev.kapal.engine.core;

import dev.kapal.engine.ContainerStats;
import dev.kapal.engine.EngineException;
import dev.kapal.engine.Observer.Operation;
import dev.kapal.engine.PodInfo;
import dev.kapal.engine.PodStats;
import dev.kapal.engine.Pods;
import dev.kapal.engine.spec.PodSpec;
import dev.kapal.engine.spec.Resources;
import dev.kapal.engine.store.Durability;
import dev.kapal.engine.store.PodRecord;
import dev.kapal.linux.FaultPoint;
import dev.kapal.linux.Fd;
import dev.kapal.network.JoinedNetwork;
import dev.kapal.oci.runtime.NamespaceType;
import dev.kapal.runtime.Container;
import dev.kapal.runtime.Sandbox;
import java.net.InetAddress;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;

/**
 * The pods of this host. A pod does not outlive the host's run: its record is there for a new
 * engine, and so nothing waits for the disk.
 */
final class LocalPods implements Pods {
  private final Hub hub;
  private final PodMaker maker;
  private final Lifecycle lifecycle;
  private final PodDialer dialer;

  LocalPods(Hub hub, PodMaker maker, Lifecycle lifecycle) {
    this.hub = hub;
    this.dialer = new PodDialer(hub);
    this.maker = maker;
    this.lifecycle = lifecycle;
  }

  @Override
  public String run(PodSpec spec) {
    return hub.observing.during(Operation.POD_RUN, () -> make(spec));
  }

  private String make(PodSpec spec) {
    String id = Index.newId();
    try (Undo undo = new Undo()) {
      PodEntry pod = new PodEntry(maker.record(id, spec));
      pod.published = false;
      hub.pods.put(pod);
      undo.push(() -> hub.pods.remove(pod));
      if (pod.record.ownCgroup()) {
        undo.push(() -> CgroupRemoval.pod(hub, pod.record.cgroup()));
      }
      maker.make(pod, undo);
      hub.database.write(Durability.PROCESS, tx -> tx.put(pod.record));
      FaultPoint.reach("pod.recorded");
      undo.commit();
      pod.published = true;
      tell("create", pod.record);
      tell("start", pod.record);
      return id;
    } catch (RuntimeException e) {
      throw Failures.of("cannot make pod " + spec.name(), e);
    }
  }

  @Override
  public void stop(String id) {
    PodEntry pod = hub.pods.get(id);
    hub.observing.during(Operation.POD_STOP, () -> stop(pod));
  }

  /** Stops, or goes on with a stop that did not come to its end. */
  void stop(PodEntry pod) {
    try {
      boolean first = forbid(pod);
      inParallel(hub.index.members(pod.id), lifecycle.stopping()::end);
      pod.lock.lock();
      try {
        clear(pod);
      } finally {
        pod.lock.unlock();
      }
      if (first) {
        tell("stop", pod.record);
      }
    } catch (RuntimeException e) {
      throw Failures.of("cannot stop pod " + pod.record.spec().name(), e);
    }
  }

  /** From here on nothing starts in it, also after a crash. */
  private boolean forbid(PodEntry pod) {
    pod.lock.lock();
    try {
      if (!pod.record.ready()) {
        return false;
      }
      PodRecord stopped = pod.record.stopped();
      hub.database.write(Durability.PROCESS, tx -> tx.put(stopped));
      pod.record = stopped;
      FaultPoint.reach("pod.stopped");
      return true;
    } finally {
      pod.lock.unlock();
    }
  }

  /** Takes away what a pod has while it is ready. Idempotent. Holds the lock. */
  private void clear(PodEntry pod) {
    PodRecord r = pod.record;
    if (r.networked()) {
      hub.networks.detach(r.id());
      pod.network = Optional.empty();
    }
    FaultPoint.reach("pod.detached");
    if (pod.sandbox.isPresent()) {
      Sandbox sandbox = pod.sandbox.get();
      for (Container left : sandbox.containers()) {
        left.delete(true);
      }
      sandbox.quit();
      pod.sandbox = Optional.empty();
    }
    hub.trees.remove(hub.layout.sandbox(r.id()));
    FaultPoint.reach("pod.quit");
    maker.clearFiles(r);
    if (r.ownCgroup()) {
      CgroupRemoval.pod(hub, r.cgroup());
    }
    FaultPoint.reach("pod.cleared");
  }

  @Override
  public void remove(String id) {
    PodEntry pod = hub.pods.get(id);
    hub.observing.during(Operation.POD_REMOVE, () -> remove(pod));
  }

  private void remove(PodEntry pod) {
    stop(pod);
    try {
      inParallel(hub.index.members(pod.id), e -> lifecycle.removing().remove(e, true, true));
      pod.lock.lock();
      try {
        if (hub.pods.byId(pod.id).isEmpty()) {
          return;
        }
        hub.database.write(Durability.PROCESS, tx -> tx.deletePod(pod.id));
        FaultPoint.reach("pod.forgotten");
        hub.pods.remove(pod);
        tell("destroy", pod.record);
      } finally {
        pod.lock.unlock();
      }
    } catch (RuntimeException e) {
      throw Failures.of("cannot remove pod " + pod.record.spec().name(), e);
    }
  }

  private void inParallel(List<Entry> all, java.util.function.Consumer<Entry> work) {
    if (all.size() == 1) {
      work.accept(all.getFirst());
      return;
    }
    List<Future<?>> running = new ArrayList<>();
    for (Entry each : all) {
      running.add(hub.pool.submit(() -> work.accept(each)));
    }
    Optional<RuntimeException> failure = Optional.empty();
    for (Future<?> f : running) {
      try {
        f.get();
      } catch (ExecutionException e) {
        failure =
            Optional.of(
                e.getCause() instanceof RuntimeException r
                    ? r
                    : new IllegalStateException(e.getCause()));
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new EngineException.TimedOut("the wait for a pod's containers was interrupted");
      }
    }
    failure.ifPresent(f -> {
      throw f;
    });
  }

  @Override
  public PodInfo inspect(String id) {
    PodEntry pod = hub.pods.get(id);
    return describe(pod, hub.index.members(pod.id));
  }

  @Override
  public List<PodInfo> list() {
    Map<String, List<Entry>> members = new HashMap<>();
    for (Entry e : hub.index.published()) {
      e.record
          .spec()
          .pod()
          .ifPresent(p -> members.computeIfAbsent(p.pod(), _ -> new ArrayList<>()).add(e));
    }
    return hub.pods.all().stream()
        .filter(p -> p.published)
        .sorted(Comparator.comparing((PodEntry p) -> p.record.created()).reversed())
        .map(p -> describe(p, members.getOrDefault(p.id, List.of())))
        .toList();
  }

  private static PodInfo describe(PodEntry pod, List<Entry> members) {
    PodRecord r = pod.record;
    boolean ready = pod.ready();
    List<String> addresses = new ArrayList<>();
    if (ready) {
      pod.network.stream()
          .flatMap(n -> n.networks().stream())
          .flatMap((JoinedNetwork n) -> n.addresses().stream())
          .map(a -> a.address().address())
          .map(InetAddress::getHostAddress)
          .forEach(addresses::add);
    }
    return new PodInfo(
        r.id(),
        r.created(),
        r.spec(),
        ready,
        r.runtime(),
        r.hostname(),
        r.networkMode(),
        addresses,
        ready
            ? pod.sandbox.map(s -> s.namespaces().get(NamespaceType.NETWORK)).map(Path::toString)
            : Optional.empty(),
        r.cgroup(),
        members.stream()
            .sorted(Comparator.comparing((Entry e) -> e.record.created()))
            .map(e -> e.id)
            .toList());
  }

  @Override
  public PodStats stats(String id) {
    PodEntry pod = ready(id);
    Map<String, ContainerStats.Network> networks =
        pod.record.networkMode().equals("host")
            ? Map.of()
            : pod.sandbox.stream()
                .flatMap(s -> s.containers().stream())
                .filter(c -> c.state() != Container.State.STOPPED)
                .findFirst()
                .map(c -> StatsReader.networks(c.pid()))
                .orElse(Map.of());
    return new PodStats(
        Instant.now(), hub.linux.cgroups().open(pod.record.cgroup()).stats(), networks);
  }

  @Override
  public Fd connect(String id, int port) {
    return dialer.connect(ready(id), port);
  }

  private PodEntry ready(String id) {
    PodEntry pod = hub.pods.get(id);
    if (!pod.ready()) {
      throw Members.stopped(pod);
    }
    return pod;
  }

  @Override
  public void update(String id, Resources resources, Resources overhead) {
    PodEntry pod = hub.pods.get(id);
    pod.lock.lock();
    try {
      PodRecord updated = pod.record.withSpec(pod.record.spec().withResources(resources, overhead));
      hub.database.write(Durability.PROCESS, tx -> tx.put(updated));
      pod.record = updated;
    } finally {
      pod.lock.unlock();
    }
  }

  private void tell(String action, PodRecord r) {
    Map<String, String> attributes = new LinkedHashMap<>(r.spec().labels());
    attributes.put("name", r.spec().name());
    hub.events.publish("pod", action, r.id(), attributes);
  }
}

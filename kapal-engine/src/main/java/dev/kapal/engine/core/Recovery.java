package dev.kapal.engine.core;

import dev.kapal.engine.ContainerState;
import dev.kapal.engine.EngineSystem.RecoveryReport;
import dev.kapal.engine.spec.MountSpec;
import dev.kapal.engine.spec.RestartPolicy;
import dev.kapal.engine.store.RunState;
import dev.kapal.linux.CgroupManager;
import dev.kapal.linux.FaultPoint;
import dev.kapal.linux.MountInfo;
import dev.kapal.runtime.Container;
import dev.kapal.runtime.ContainerException;
import dev.kapal.runtime.ExitStatus;
import dev.kapal.runtime.Runtime;
import dev.kapal.runtime.Sandbox;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * What an engine does first: it compares what its database says with what is there, and finishes or
 * undoes whatever was under way when the last one died.
 *
 * <p>A sandbox's directory exists from before a start until after all is cleared away, so it is the
 * journal of starts and ends:
 *
 * <ul>
 *   <li>its container runs: it is taken over, whatever the record says;
 *   <li>it has ended: its exit is recorded, and it is cleared away, restarted or removed;
 *   <li>it was created and not started: the start is undone;
 *   <li>there is none, but the record says it runs: the host was restarted.
 * </ul>
 */
final class Recovery {
  private static final System.Logger LOG = System.getLogger(Recovery.class.getName());

  /** What Docker shows for containers that a restart of the host ended. */
  private static final int LOST = 255;

  private final Hub hub;
  private final Lifecycle lifecycle;
  private final VolumeStore volumes;
  private final Mounting mounting;
  private final LocalExecs execs;
  private final LocalPods pods;
  private final List<String> problems = Collections.synchronizedList(new ArrayList<>());
  private final AtomicInteger reattached = new AtomicInteger();
  private final AtomicInteger ended = new AtomicInteger();
  private final AtomicInteger restarted = new AtomicInteger();
  private final AtomicInteger undone = new AtomicInteger();
  private final AtomicInteger removed = new AtomicInteger();

  Recovery(
      Hub hub,
      Lifecycle lifecycle,
      VolumeStore volumes,
      Mounting mounting,
      LocalExecs execs,
      LocalPods pods) {
    this.hub = hub;
    this.lifecycle = lifecycle;
    this.volumes = volumes;
    this.mounting = mounting;
    this.execs = execs;
    this.pods = pods;
  }

  RecoveryReport run() {
    long start = System.nanoTime();
    Set<String> sandboxes = new HashSet<>(Layout.names(hub.layout.sandboxes()));
    parallel(List.copyOf(hub.pods.all()), p -> pod(p, sandboxes.contains(p.id)));
    FaultPoint.reach("recover.pods");
    List<Entry> all = List.copyOf(hub.index.all());
    parallel(all, e -> container(e, sandboxes.contains(e.id)));
    parallel(List.copyOf(hub.pods.all()), this::settle);
    FaultPoint.reach("recover.containers");
    List<String> orphans =
        sandboxes.stream()
            .filter(id -> hub.index.byId(id).isEmpty() && hub.pods.byId(id).isEmpty())
            .sorted()
            .toList();
    parallel(orphans, this::orphan);
    FaultPoint.reach("recover.orphans");
    FaultPoint.reach("recover.networks");
    networks();
    sweep();
    FaultPoint.reach("recover.swept");
    volumes.recover(problems);
    Duration took = Duration.ofNanos(System.nanoTime() - start);
    return new RecoveryReport(
        reattached.get(),
        ended.get(),
        restarted.get(),
        undone.get(),
        removed.get(),
        problems,
        took);
  }

  /** What is to be done for each; failures are problems, and stop nothing. */
  private <T> void parallel(List<T> all, java.util.function.Consumer<T> work) {
    List<Future<?>> running = new ArrayList<>();
    for (T each : all) {
      running.add(hub.pool.submit(() -> work.accept(each)));
    }
    for (Future<?> f : running) {
      try {
        f.get();
      } catch (ExecutionException e) {
        problem("recovery", e);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return;
      }
    }
  }

  private void problem(String what, Throwable why) {
    problems.add(what + ": " + why.getMessage());
    LOG.log(System.Logger.Level.WARNING, what, why);
  }

  /** Takes a pod's sandbox over, with whatever has become of it. */
  private void pod(PodEntry pod, boolean there) {
    if (!there) {
      return;
    }
    try {
      Sandbox sandbox = hub.runtime(pod.record.runtime()).reconnect(hub.layout.sandbox(pod.id));
      pod.sandbox = Optional.of(sandbox);
      pod.network = hub.networks.cached(pod.id);
      for (Container c : sandbox.containers()) {
        if (!c.id().equals(pod.id) && hub.index.byId(c.id()).isEmpty()) {
          c.delete(true);
          undone.incrementAndGet();
        }
      }
    } catch (RuntimeException ex) {
      LOG.log(System.Logger.Level.INFO, "the sandbox of pod " + pod.id + " is gone", ex);
    }
  }

  /**
   * Ends a pod that has no sandbox any more, or whose end was under way; once recovery is over,
   * since ends of containers are dealt with after that only.
   */
  private void settle(PodEntry pod) {
    if (pod.sandbox.isEmpty() || !pod.record.ready()) {
      hub.background(() -> pods.stop(pod));
    }
  }

  private void member(Entry e, PodEntry pod) {
    Optional<Container> found = pod.sandbox.flatMap(s -> s.container(e.id));
    if (found.isPresent()) {
      found(e, Optional.empty(), found.get());
      return;
    }
    if (e.state.phase().alive()) {
      end(
          e,
          Optional.empty(),
          new ExitStatus(
              LOST, 0, false, Instant.now(), Optional.of("the sandbox of its pod is gone")));
    } else {
      lifecycle.clearing().clear(e, Optional.empty());
    }
  }

  private void container(Entry e, boolean sandbox) {
    e.lock.lock();
    try {
      if (e.record.spec().pod().isPresent()) {
        Optional<PodEntry> pod = hub.pods.byId(e.record.spec().pod().get().pod());
        if (pod.isEmpty()) {
          // Its pod is removed, and it was to go with it.
          lifecycle.removing().removeLocked(e, true);
          removed.incrementAndGet();
          return;
        }
        member(e, pod.get());
      } else if (sandbox) {
        reconnect(e);
      } else if (e.state.phase().alive()) {
        end(
            e,
            Optional.empty(),
            new ExitStatus(LOST, 0, false, Instant.now(), Optional.of("the host was restarted")));
      }
      cgroup(e);
      settle(e);
    } catch (RuntimeException ex) {
      problem("container " + e.name(), ex);
    } finally {
      e.lock.unlock();
    }
  }

  /**
   * Removes a group that a start or an end did not come to remove, wherever the container's own
   * parent is: before the record that knows the place goes.
   */
  private void cgroup(Entry e) {
    if (!e.state.phase().alive()) {
      removeCgroup(e.record.cgroup());
    }
  }

  private void removeCgroup(String path) {
    if (CgroupRemoval.ifThere(hub, path)) {
      undone.incrementAndGet();
    }
  }

  private void reconnect(Entry e) {
    Runtime runtime = hub.runtime(e.record.runtime());
    Sandbox sandbox;
    try {
      sandbox = runtime.reconnect(hub.layout.sandbox(e.id));
      FaultPoint.reach("recover.reconnected");
    } catch (ContainerException ex) {
      // Its making was under way, or its state is damaged: nothing of it can run any more.
      LOG.log(System.Logger.Level.INFO, "the sandbox of " + e.name() + " is gone", ex);
      if (e.state.phase().alive()) {
        end(
            e,
            Optional.empty(),
            new ExitStatus(137, 9, false, Instant.now(), Optional.of("its monitor was killed")));
      } else {
        undone.incrementAndGet();
      }
      lifecycle.clearing().clear(e, Optional.empty());
      hub.trees.remove(hub.layout.sandbox(e.id));
      return;
    }
    Optional<Container> found = sandbox.container(e.id);
    if (found.isEmpty()) {
      undone.incrementAndGet();
      sandbox.quit();
      if (e.state.phase().alive()) {
        end(
            e,
            Optional.empty(),
            new ExitStatus(LOST, 0, false, Instant.now(), Optional.of("its process is gone")));
      }
      lifecycle.clearing().clear(e, Optional.empty());
      return;
    }
    found(e, Optional.of(sandbox), found.get());
  }

  private void found(Entry e, Optional<Sandbox> own, Container c) {
    Live live = new Live(own, c, hub.networks.cached(e.id));
    e.live = Optional.of(live);
    switch (c.state()) {
      case RUNNING, PAUSED -> adopt(e, live);
      case CREATED -> {
        // The start did not come to its end: nobody was told that it runs.
        undone.incrementAndGet();
        lifecycle.clearing().clear(e, Optional.of(live));
        if (e.state.phase().alive()) {
          end(
              e,
              Optional.empty(),
              new ExitStatus(LOST, 0, false, Instant.now(), Optional.of("it was never started")));
        }
      }
      case STOPPED -> {
        ExitStatus status =
            c.exitStatus()
                .orElse(
                    new ExitStatus(
                        137, 9, false, Instant.now(), Optional.of("its end was not recorded")));
        boolean told =
            e.state.phase() == ContainerState.EXITED
                && e.state.finished().filter(f -> !f.isBefore(status.at())).isPresent();
        if (told) {
          lifecycle.clearing().clear(e, Optional.of(live));
        } else {
          end(e, Optional.of(live), status);
        }
      }
    }
  }

  private void adopt(Entry e, Live live) {
    reattached.incrementAndGet();
    ContainerState phase =
        live.container().state() == Container.State.PAUSED
            ? ContainerState.PAUSED
            : ContainerState.RUNNING;
    if (!e.state.phase().alive()) {
      // It was started, and the record of that was not written any more.
      e.state = e.state.running(live.container().pid(), Instant.now());
    }
    if (e.state.phase() != phase) {
      lifecycle.states().record(e, e.state.withPhase(phase));
    }
    for (MountSpec m : e.record.mountSpecs()) {
      if (m.type() == MountSpec.Type.VOLUME) {
        volumes.adopt(m.source(), e.id);
      }
    }
    execs.adopt(e, live.container().processes());
    lifecycle.runs().watch(e, live);
  }

  private void end(Entry e, Optional<Live> live, ExitStatus status) {
    ended.incrementAndGet();
    RunState s = e.state;
    if (s.started().isEmpty()) {
      s = s.running(0, status.at());
    }
    lifecycle
        .states()
        .record(e, s.ended(status.code(), status.oomKilled(), status.reason(), status.at()));
    lifecycle.clearing().clear(e, live);
  }

  /** What follows from the state: removal, or a start by its policy. */
  private void settle(Entry e) {
    switch (e.state.phase()) {
      case REMOVING -> {
        lifecycle.removing().removeLocked(e, false);
        removed.incrementAndGet();
      }
      case EXITED -> {
        if (e.record.spec().autoRemove()) {
          lifecycle.removing().removeLocked(e, true);
          removed.incrementAndGet();
        } else if (startsWithEngine(e)) {
          lifecycle.runs().restartSoon(e);
          restarted.incrementAndGet();
        }
      }
      case RESTARTING -> {
        lifecycle.runs().restartSoon(e);
        restarted.incrementAndGet();
      }
      case CREATED -> {
        if (e.record.spec().autoRemove()) {
          // Whoever made it to run it at once is gone.
          lifecycle.removing().removeLocked(e, true);
          removed.incrementAndGet();
        }
      }
      case RUNNING, PAUSED, DEAD -> {}
    }
  }

  private static boolean startsWithEngine(Entry e) {
    RestartPolicy p = e.record.spec().restart();
    return switch (p.mode()) {
      case ALWAYS -> true;
      case UNLESS_STOPPED -> !e.state.stopRequested();
      case ON_FAILURE -> Restarts.wanted(e.record, e.state);
      case NO -> false;
    };
  }

  /** A sandbox that no record names: its container was never promised to anybody. */
  private void orphan(String id) {
    Path directory = hub.layout.sandbox(id);
    boolean gone = false;
    for (Runtime r : hub.runtimes.values()) {
      try {
        Sandbox s = r.reconnect(directory);
        for (Container c : s.containers()) {
          c.delete(true);
        }
        // While its namespace is there: some plugins see only by that what they have to undo.
        detach(id);
        s.quit();
        gone = true;
        break;
      } catch (ContainerException ex) {
        LOG.log(System.Logger.Level.DEBUG, "not a sandbox of " + r.name(), ex);
      }
    }
    detach(id);
    PodMaker.notedCgroup(hub.layout.run(id)).ifPresent(path -> noted(id, path));
    hub.trees.remove(directory);
    undone.incrementAndGet();
    if (!gone) {
      LOG.log(System.Logger.Level.INFO, "an unknown sandbox was removed: " + id);
    }
  }

  /** Nothing, where there is no network any more. */
  private void detach(String id) {
    try {
      hub.networks.detach(id);
    } catch (RuntimeException ex) {
      problem("network of sandbox " + id, ex);
    }
  }

  /** A pod's first process's group, and the slice around it where it was the pod's own. */
  private void noted(String id, String path) {
    removeCgroup(path);
    String pod = path.substring(0, Math.max(0, path.lastIndexOf('/')));
    if (pod.endsWith(CgroupPlaces.ownSuffix(id))) {
      CgroupRemoval.pod(hub, pod);
    }
  }

  private void networks() {
    Set<String> live = new HashSet<>();
    for (Entry e : hub.index.all()) {
      if (e.state.phase().alive()) {
        live.add(e.id);
      }
    }
    hub.pods.all().stream().filter(p -> p.sandbox.isPresent()).forEach(p -> live.add(p.id));
    try {
      hub.networks.gc(live);
      hub.peers.refresh();
    } catch (RuntimeException ex) {
      problem("networks", ex);
    }
  }

  /** Removes what belongs to no container: snapshots, directories, mounts. */
  private void sweep() {
    Set<String> known = new HashSet<>();
    Set<String> running = new HashSet<>();
    for (Entry e : hub.index.all()) {
      known.add(e.id);
      if (e.state.phase().alive()) {
        running.add(e.id);
      }
    }
    hub.pods.all().stream().filter(p -> p.sandbox.isPresent()).forEach(p -> running.add(p.id));
    attempt(
        "snapshots",
        () -> {
          for (String key : hub.images.snapshots().list()) {
            if (!known.contains(ImageVolumes.owner(key))) {
              hub.images.snapshots().remove(key);
              undone.incrementAndGet();
            }
          }
        });
    attempt("mounts", () -> unmount(running));
    attempt("cgroups", () -> cgroups(running));
    attempt("runs", () -> directories(hub.layout.runs(), running));
    attempt("containers", () -> directories(hub.layout.containers(), known));
    attempt(
        "checkpoints",
        () -> known.forEach(id -> CheckpointStore.sweep(hub.trees, hub.layout.checkpoints(id))));
    attempt("trash", () -> directories(hub.layout.trash(), Set.of()));
  }

  /** Groups that a start or an end did not come to remove. */
  private void cgroups(Set<String> running) {
    CgroupManager manager = hub.linux.cgroups();
    Set<String> left = new HashSet<>();
    for (String directory : manager.open(hub.config.cgroupParent()).directories().values()) {
      Path p = Path.of(directory);
      if (Files.isDirectory(p)) {
        Layout.names(p).stream()
            .filter(n -> n.matches("[0-9a-f]{64}") && !running.contains(n))
            .forEach(left::add);
      }
    }
    for (String id : left) {
      removeCgroup(hub.config.cgroupParent() + "/" + id);
    }
  }

  private void unmount(Set<String> running) {
    String runs = hub.layout.runs() + "/";
    String scratch = hub.layout.scratch().toString();
    List<String> points =
        hub.linux.mounts().mountInfo().stream()
            .map(MountInfo::mountPoint)
            .filter(p -> p.startsWith(runs) || p.equals(scratch))
            .filter(p ->
                p.equals(scratch) || !running.contains(p.substring(runs.length()).split("/", 2)[0]))
            .sorted(java.util.Comparator.reverseOrder())
            .toList();
    points.forEach(p -> volumes.unmount(Path.of(p)));
  }

  private void directories(Path parent, Set<String> keep) {
    for (String name : Layout.names(parent)) {
      Path p = parent.resolve(name);
      if (!keep.contains(name) && Files.isDirectory(p, java.nio.file.LinkOption.NOFOLLOW_LINKS)) {
        hub.trees.remove(p);
      }
    }
  }

  private void attempt(String what, Runnable step) {
    try {
      step.run();
    } catch (RuntimeException e) {
      problem(what, e);
    }
  }

  /** For checks: the mounts of runs. */
  Mounting mounting() {
    return mounting;
  }
}

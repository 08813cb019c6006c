package dev.kapal.engine.core;

import dev.kapal.engine.AttachRequest;
import dev.kapal.engine.Attachment;
import dev.kapal.engine.Checkpoint;
import dev.kapal.engine.ContainerInfo;
import dev.kapal.engine.ContainerState;
import dev.kapal.engine.ContainerStats;
import dev.kapal.engine.Containers;
import dev.kapal.engine.EngineException;
import dev.kapal.engine.Filters;
import dev.kapal.engine.LogOptions;
import dev.kapal.engine.LogReader;
import dev.kapal.engine.PathStat;
import dev.kapal.engine.PruneReport;
import dev.kapal.engine.config.ResourceMapping;
import dev.kapal.engine.logs.FileLogReader;
import dev.kapal.engine.logs.LogFormat;
import dev.kapal.engine.spec.ContainerSpec;
import dev.kapal.engine.spec.Resources;
import dev.kapal.engine.spec.RestartPolicy;
import dev.kapal.engine.spec.TerminalSize;
import dev.kapal.engine.store.ContainerRecord;
import dev.kapal.engine.store.Durability;
import dev.kapal.linux.Signals;
import dev.kapal.runtime.ContainerException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.function.Consumer;

/** The containers' API over the parts that do the work. */
final class LocalContainers implements Containers {
  private final Hub hub;
  private final Creator creator;
  private final Lifecycle lifecycle;
  private final Joiner joiner;
  private final Watchers watchers;
  private final ContainerFileAccess files;
  private final Checkpoints checkpoints;

  LocalContainers(
      Hub hub,
      Creator creator,
      Lifecycle lifecycle,
      Joiner joiner,
      Watchers watchers,
      ContainerFileAccess files) {
    this.hub = hub;
    this.creator = creator;
    this.lifecycle = lifecycle;
    this.joiner = joiner;
    this.watchers = watchers;
    this.files = files;
    this.checkpoints = new Checkpoints(hub, lifecycle);
  }

  @Override
  public Created create(ContainerSpec spec) {
    return creator.create(spec, true).created();
  }

  @Override
  public void start(String id) {
    lifecycle.runs().start(hub.index.get(id), Optional.empty());
  }

  @Override
  public Attachment start(String id, AttachRequest attach) {
    Entry e;
    try {
      e = hub.index.get(id);
    } catch (RuntimeException ex) {
      attach.close();
      throw ex;
    }
    hub.events.publish("container", "attach", e.id, EventAttributes.of(e.record));
    return lifecycle.runs().start(e, Optional.of(attach));
  }

  @Override
  public Running run(ContainerSpec spec, AttachRequest attach) {
    Creator.Made made;
    try {
      made = creator.create(spec, false);
    } catch (RuntimeException ex) {
      attach.close();
      throw ex;
    }
    Entry e = made.entry();
    try {
      return new Running(made.created(), lifecycle.runs().start(e, Optional.of(attach)));
    } catch (RuntimeException ex) {
      // What would not even have been created, or is not to stay: gone again.
      if (spec.autoRemove() || ex instanceof EngineException.InvalidArgument) {
        try {
          lifecycle.removing().remove(e, true, true);
        } catch (RuntimeException alsoThat) {
          ex.addSuppressed(alsoThat);
        }
      }
      throw ex;
    }
  }

  @Override
  public void stop(String id, Optional<Duration> timeout, Optional<String> signal) {
    Entry e = hub.index.get(id);
    lifecycle
        .stopping()
        .stop(
            e,
            timeout.orElse(e.record.stopTimeout()),
            signal(signal.orElse(e.record.stopSignal())),
            true);
  }

  /** A signal's number. */
  static int signal(String text) {
    return Signals.parse(text)
        .orElseThrow(() ->
            new EngineException.InvalidArgument(
                "signal \"" + text + "\" is not known: use a name or number of signal(7)"));
  }

  @Override
  public void restart(String id, Optional<Duration> timeout, Optional<String> signal) {
    Entry e = hub.index.get(id);
    if (e.state.phase().alive() || e.state.phase() == ContainerState.RESTARTING) {
      try {
        stop(e.id, timeout, signal);
      } catch (EngineException.Unchanged ended) {
        // It ended by itself: only to be started then.
      }
    }
    lifecycle.runs().start(e, Optional.empty());
    hub.events.publish("container", "restart", e.id, EventAttributes.of(e.record));
  }

  @Override
  public void kill(String id, String signal) {
    Entry e = hub.index.get(id);
    lifecycle.stopping().kill(e, signal(signal), signal(e.record.stopSignal()));
  }

  @Override
  public void checkpoint(String id, Checkpoint.Request request) {
    checkpoints.create(hub.index.get(id), request);
  }

  @Override
  public List<Checkpoint> checkpoints(String id, Optional<Path> directory) {
    return checkpoints.list(hub.index.get(id), directory);
  }

  @Override
  public void removeCheckpoint(String id, Checkpoint.Ref checkpoint) {
    checkpoints.remove(hub.index.get(id), checkpoint);
  }

  @Override
  public void startFrom(String id, Checkpoint.Ref checkpoint) {
    Entry e = hub.index.get(id);
    lifecycle.runs().start(e, Optional.empty(), Optional.of(checkpoints.find(e, checkpoint)));
  }

  @Override
  public Attachment startFrom(String id, Checkpoint.Ref checkpoint, AttachRequest attach) {
    Entry e;
    dev.kapal.runtime.ContainerSpec.Restore from;
    try {
      e = hub.index.get(id);
      from = checkpoints.find(e, checkpoint);
    } catch (RuntimeException ex) {
      attach.close();
      throw ex;
    }
    hub.events.publish("container", "attach", e.id, EventAttributes.of(e.record));
    return lifecycle.runs().start(e, Optional.of(attach), Optional.of(from));
  }

  @Override
  public void checkpointArchive(String id, Path archive, Duration timeout) {
    new CheckpointArchive(hub, lifecycle).write(hub.index.get(id), archive, timeout);
  }

  @Override
  public void pause(String id) {
    lifecycle.pausing().pause(hub.index.get(id));
  }

  @Override
  public void unpause(String id) {
    lifecycle.pausing().unpause(hub.index.get(id));
  }

  @Override
  public void remove(String id, boolean force, boolean volumes) {
    lifecycle.removing().remove(hub.index.get(id), force, volumes);
  }

  @Override
  public void rename(String id, String name) {
    Entry e = hub.index.get(id);
    // The same check as at the making.
    ContainerSpec.builder("x").name(name).build();
    e.lock.lock();
    try {
      ContainerRecord old = e.record;
      if (old.name().equals(name)) {
        throw new EngineException.InvalidArgument("container " + name + " has this name already");
      }
      hub.index.reserve(name, e.id);
      ContainerRecord renamed = old.withName(name);
      try {
        hub.database.write(States.durability(old), tx -> tx.update(renamed));
      } catch (RuntimeException ex) {
        hub.index.release(name, e.id);
        throw ex;
      }
      e.record = renamed;
      hub.index.release(old.name(), e.id);
      e.live.flatMap(Live::network).ifPresent(hub.peers::joined);
      hub.events.publish(
          "container", "rename", e.id, EventAttributes.of(renamed, "oldName", old.name()));
      watchers.changed(e);
    } finally {
      e.lock.unlock();
    }
  }

  @Override
  public List<String> update(String id, Resources changes, Optional<RestartPolicy> restart) {
    Entry e = hub.index.get(id);
    e.lock.lock();
    try {
      ContainerRecord old = e.record;
      if (old.spec().autoRemove()
          && restart.filter(r -> r.mode() != RestartPolicy.Mode.NO).isPresent()) {
        throw new EngineException.Conflict(
            "container " + old.name() + " is removed when it ends: it can have no restart policy");
      }
      Resources merged = old.spec().resources().merge(changes);
      boolean limits = !merged.equals(old.spec().resources());
      if (limits && e.state.phase().alive()) {
        Live live = e.live.orElseThrow();
        live.container().update(ResourceMapping.of(merged, hub.facts));
      }
      ContainerSpec spec =
          old.spec().toBuilder()
              .resources(merged)
              .restart(restart.orElse(old.spec().restart()))
              .build();
      ContainerRecord updated = old.withSpec(spec);
      hub.database.write(Durability.POWER, tx -> tx.update(updated));
      e.record = updated;
      hub.events.publish("container", "update", e.id, EventAttributes.of(updated));
      watchers.changed(e);
      return List.of();
    } catch (ContainerException | IllegalArgumentException ex) {
      throw Failures.of("cannot update container " + e.name(), ex);
    } finally {
      e.lock.unlock();
    }
  }

  @Override
  public List<ContainerInfo> list(boolean all, Filters filters) {
    ContainerFilters f = new ContainerFilters(filters, hub.index);
    boolean every = all || f.wantsAll();
    boolean any = filters.terms().isEmpty();
    List<Entry> entries = hub.index.youngestFirst();
    List<ContainerInfo> found = new ArrayList<>(entries.size());
    for (Entry e : entries) {
      if (e.published && (every || listed(e.state.phase()))) {
        ContainerInfo info = Describe.container(e);
        if (any || f.test(info)) {
          found.add(info);
        }
      }
    }
    return Collections.unmodifiableList(found);
  }

  /** Without being asked for all. */
  private static boolean listed(ContainerState phase) {
    return phase.alive() || phase == ContainerState.RESTARTING;
  }

  @Override
  public ContainerInfo inspect(String id) {
    return Describe.container(hub.index.get(id));
  }

  @Override
  public DiskUse size(String id) {
    return files.size(hub.index.get(id));
  }

  @Override
  public ExitStatus await(String id, WaitCondition condition) throws InterruptedException {
    Entry e = hub.index.getOrGone(id);
    // Without the lock, which whoever clears away an ended container holds. The future is read
    // before the state: when
    // the state then says that nothing runs, that was so at some instant of this call.
    java.util.concurrent.CompletableFuture<ExitStatus> exit = e.exit;
    java.util.concurrent.CompletableFuture<ExitStatus> f =
        switch (condition) {
          case REMOVED -> e.removed;
          case NEXT_EXIT -> exit;
          case NOT_RUNNING ->
              e.state.phase().alive()
                  ? exit
                  : java.util.concurrent.CompletableFuture.completedFuture(e.lastExit());
        };
    try {
      return f.get();
    } catch (ExecutionException ex) {
      throw new IllegalStateException(ex.getCause());
    }
  }

  @Override
  public LogReader logs(String id, LogOptions options) {
    Entry e = hub.index.get(id);
    ContainerRecord c = e.record;
    Path path =
        Path.of(
            c.log()
                .path()
                .orElseThrow(() ->
                    new EngineException.Unsupported(
                        "container " + c.name() + " keeps no log: its log driver is none")));
    return new FileLogReader(
        path,
        c.log().maxFiles(),
        c.log().driver().equals("cri") ? LogFormat.CRI : LogFormat.JSON_FILE,
        options,
        () -> !e.state.phase().alive() && e.state.phase() != ContainerState.RESTARTING);
  }

  @Override
  public Attachment attach(String id, AttachRequest request) {
    Entry e;
    try {
      e = hub.index.get(id);
    } catch (RuntimeException ex) {
      request.close();
      throw ex;
    }
    LiveAttachment attachment = new LiveAttachment();
    e.lock.lock();
    try {
      switch (e.state.phase()) {
        case CREATED -> e.held.add(new HeldAttachment(request, attachment));
        case RUNNING, PAUSED -> {
          joiner.join(request, attachment, e.live.orElseThrow().container()::attach);
          Runs.follow(attachment, e.exit);
        }
        default ->
            throw new EngineException.Conflict(
                "container " + e.name() + " does not run: start it first");
      }
    } catch (ContainerException ex) {
      request.close();
      throw Failures.of("cannot attach to container " + e.name(), ex);
    } catch (RuntimeException ex) {
      request.close();
      throw ex;
    } finally {
      e.lock.unlock();
    }
    hub.events.publish("container", "attach", e.id, EventAttributes.of(e.record));
    return attachment;
  }

  @Override
  public void resize(String id, TerminalSize size) {
    Entry e = hub.index.get(id);
    try {
      States.running(e).container().resize(size.rows(), size.columns());
      hub.events.publish(
          "container",
          "resize",
          e.id,
          EventAttributes.of(
              e.record,
              "height",
              Integer.toString(size.rows()),
              "width",
              Integer.toString(size.columns())));
    } catch (ContainerException ex) {
      throw Failures.of("cannot resize the terminal of container " + e.name(), ex);
    }
  }

  @Override
  public ProcessTable top(String id, List<String> psArguments) {
    Entry e = hub.index.get(id);
    try {
      Live live = aliveRun(e);
      hub.events.publish("container", "top", e.id, EventAttributes.of(e.record));
      return Top.of(hub.linux.processes(), live.container().pids(), psArguments);
    } catch (ContainerException ex) {
      throw Failures.of("cannot list the processes of container " + e.name(), ex);
    }
  }

  private static Live aliveRun(Entry e) {
    return e.live
        .filter(l -> e.state.phase().alive())
        .orElseThrow(() ->
            new EngineException.Conflict(
                "container " + e.name() + " does not run: start it first"));
  }

  @Override
  public ContainerStats stats(String id) {
    Entry e = hub.index.get(id);
    Optional<Live> live = e.live.filter(l -> e.state.phase().alive());
    if (live.isEmpty()) {
      return StatsReader.idle();
    }
    try {
      return StatsReader.of(live.get(), !e.record.networkMode().equals("host"));
    } catch (ContainerException ex) {
      if (!e.state.phase().alive()) {
        return StatsReader.idle();
      }
      throw Failures.of("cannot measure container " + e.name(), ex);
    }
  }

  @Override
  public List<Change> diff(String id) {
    return files.diff(hub.index.get(id));
  }

  @Override
  public PathStat statPath(String id, String path) {
    return files.stat(hub.index.get(id), path);
  }

  @Override
  public PathStat copyFrom(String id, String path, OutputStream tar) {
    Entry e = hub.index.get(id);
    PathStat s = files.copyFrom(e, path, tar);
    hub.events.publish("container", "archive-path", e.id, EventAttributes.of(e.record));
    return s;
  }

  @Override
  public void copyTo(
      String id, String path, InputStream tar, boolean keepOwner, boolean noOverwriteDirNonDir) {
    Entry e = hub.index.get(id);
    files.copyTo(e, path, tar, keepOwner, noOverwriteDirNonDir);
    hub.events.publish("container", "extract-to-dir", e.id, EventAttributes.of(e.record));
  }

  @Override
  public void export(String id, OutputStream tar) {
    Entry e = hub.index.get(id);
    files.export(e, tar);
    hub.events.publish("container", "export", e.id, EventAttributes.of(e.record));
  }

  @Override
  public String commit(String id, CommitRequest request) {
    Entry e = hub.index.get(id);
    boolean paused = false;
    if (request.pause() && e.state.phase() == ContainerState.RUNNING) {
      lifecycle.pausing().pause(e);
      paused = true;
    }
    try {
      String image = files.commit(e, request);
      hub.events.publish(
          "container", "commit", e.id, EventAttributes.of(e.record, "imageID", image));
      return image;
    } finally {
      if (paused) {
        lifecycle.pausing().unpause(e);
      }
    }
  }

  @Override
  public PruneReport prune(Filters filters) {
    filters.allowOnly("until", "label", "label!");
    Optional<Instant> until = Moments.until(filters.values("until"));
    List<String> removed = new ArrayList<>();
    long freed = 0;
    for (Entry e : hub.index.published()) {
      ContainerState phase = e.state.phase();
      boolean ended =
          phase == ContainerState.CREATED
              || phase == ContainerState.EXITED
              || phase == ContainerState.DEAD;
      if (!ended
          || until.map(t -> e.record.created().isAfter(t)).orElse(false)
          || !Labels.match(e.record.labels(), filters.values("label"))
          || !Labels.noneMatch(e.record.labels(), filters.values("label!"))) {
        continue;
      }
      long bytes;
      try {
        bytes = hub.images.snapshots().usage(e.id).bytes();
        lifecycle.removing().remove(e, false, false);
      } catch (EngineException.Conflict | dev.kapal.image.ImageException meanwhile) {
        continue;
      }
      freed += bytes;
      removed.add(e.id);
    }
    hub.events.publish(
        "container", "prune", "", java.util.Map.of("reclaimed", Long.toString(freed)));
    return new PruneReport(removed, freed);
  }

  @Override
  public void reopenLog(String id) {
    Entry e = hub.index.get(id);
    try {
      aliveRun(e).container().reopenLog();
    } catch (ContainerException ex) {
      throw Failures.of("cannot reopen the log of container " + e.name(), ex);
    }
  }

  @Override
  public AutoCloseable watch(String id, Consumer<ContainerInfo> onChange) {
    return watchers.watch(hub.index.get(id).id, onChange);
  }
}

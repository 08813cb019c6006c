package dev.kapal.engine.core;

import dev.kapal.engine.AttachRequest;
import dev.kapal.engine.Attachment;
import dev.kapal.engine.EngineException;
import dev.kapal.engine.Execs;
import dev.kapal.engine.Observer.Operation;
import dev.kapal.engine.spec.ExecSpec;
import dev.kapal.engine.spec.TerminalSize;
import dev.kapal.engine.store.ExecRecord;
import dev.kapal.linux.Descriptors;
import dev.kapal.linux.FaultPoint;
import dev.kapal.linux.Fd;
import dev.kapal.linux.Signals;
import dev.kapal.runtime.ContainerException;
import dev.kapal.runtime.ContainerProcess;
import dev.kapal.runtime.Streams;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;

/**
 * Execs. They live in memory; those that run are on disk, too ({@link ExecFiles}), and are found
 * again by the next engine. What was attached to them then is not: their streams went with it.
 */
final class LocalExecs implements Execs {
  private static final Duration REMEMBERED = Duration.ofMinutes(5);

  private final Hub hub;
  private final Joiner joiner;
  private final ExecProcesses processes;
  private final ExecFiles files;
  private final Map<String, Exec> execs = new ConcurrentHashMap<>();

  LocalExecs(Hub hub, Joiner joiner, ExecProcesses processes) {
    this.hub = hub;
    this.joiner = joiner;
    this.processes = processes;
    this.files = new ExecFiles(hub.layout);
  }

  /**
   * Takes over the processes that a container has beside its first: what was recorded goes on as it
   * was; of what was not, whoever asked for it was never told that it runs, and it is ended.
   */
  void adopt(Entry e, List<ContainerProcess> running) {
    Map<Integer, ExecRecord> known = new HashMap<>();
    files.read(e.id).forEach(record -> known.put(record.number(), record));
    for (ContainerProcess process : running) {
      ExecRecord record = known.remove(process.number());
      if (record == null) {
        end(e, process);
        continue;
      }
      Exec x = new Exec(record.id(), e, record.spec());
      x.started = true;
      x.process = Optional.of(process);
      execs.put(x.id, x);
      e.execs.add(x.id);
      process.onExit(status -> hub.background(() -> ended(x, process, status.code(), () -> {})));
    }
    known.values().forEach(record -> files.remove(e.id, record.id()));
  }

  private void end(Entry e, ContainerProcess process) {
    process.onExit(_ -> hub.background(process::forget));
    try {
      if (process.exitStatus().isEmpty()) {
        process.signal(Signals.SIGKILL);
      }
    } catch (ContainerException ex) {
      System.getLogger(LocalExecs.class.getName())
          .log(System.Logger.Level.WARNING, "an unknown process of " + e.name() + " remains", ex);
    }
  }

  /** One exec; its monitor guards {@code started}. */
  private static final class Exec {
    final String id;
    final Entry entry;
    final ExecSpec spec;
    final CompletableFuture<Integer> exit = new CompletableFuture<>();
    volatile Optional<ContainerProcess> process = Optional.empty();
    boolean started;

    Exec(String id, Entry entry, ExecSpec spec) {
      this.id = id;
      this.entry = entry;
      this.spec = spec;
    }
  }

  @Override
  public String create(String containerId, ExecSpec spec) {
    return prepare(containerId, spec).id;
  }

  private Exec prepare(String containerId, ExecSpec spec) {
    Entry e = hub.index.get(containerId);
    States.running(e);
    Exec x = new Exec(Index.newId(), e, spec);
    execs.put(x.id, x);
    // One that is never started is not kept for ever.
    var _ = hub.later(REMEMBERED, () -> forgetUnstarted(x));
    hub.events.publish(
        "container",
        "exec_create: " + String.join(" ", spec.command()),
        e.id,
        EventAttributes.of(e.record, "execID", x.id));
    return x;
  }

  private void forgetUnstarted(Exec x) {
    synchronized (x) {
      if (!x.started) {
        execs.remove(x.id);
      }
    }
  }

  @Override
  public Started run(String containerId, ExecSpec spec, AttachRequest attach) {
    try {
      Exec x = prepare(containerId, spec);
      return new Started(x.id, start(x, attach));
    } catch (RuntimeException e) {
      attach.close();
      throw e;
    }
  }

  @Override
  public Attachment start(String execId, AttachRequest attach) {
    try {
      return start(get(execId), attach);
    } catch (RuntimeException e) {
      attach.close();
      throw e;
    }
  }

  private Attachment start(Exec x, AttachRequest attach) {
    return hub.observing.during(Operation.CONTAINER_EXEC, () -> startNow(x, attach));
  }

  private Attachment startNow(Exec x, AttachRequest attach) {
    synchronized (x) {
      if (x.started) {
        throw new EngineException.Conflict(
            "exec " + x.id.substring(0, 12) + " was started before: create another one");
      }
      x.started = true;
    }
    Entry e = x.entry;
    LiveAttachment attachment = new LiveAttachment();
    Optional<Fd> writer = Optional.empty();
    try (Joiner.Prepared p = joiner.prepare(attach, attachment)) {
      Live live = States.running(e);
      Optional<OutputPump> pump = Optional.empty();
      Streams streams = p.streams();
      if (p.pump().isPresent() && streams.output().isPresent()) {
        // Who can detach must not see what is printed afterwards.
        Descriptors.Pipe pipe = hub.linux.descriptors().pipe(0);
        writer = Optional.of(pipe.writer());
        pump = Optional.of(new OutputPump(hub, pipe.reader(), streams.output().get().duplicate()));
        streams = new Streams(streams.input(), writer, streams.error());
      }
      Optional<OutputPump> out = pump;
      boolean any =
          streams.input().isPresent()
              || streams.output().isPresent()
              || streams.error().isPresent();
      ContainerProcess process =
          processes.start(
              e, live.container(), x.spec, any ? Optional.of(streams) : Optional.empty());
      FaultPoint.reach("exec.started");
      x.process = Optional.of(process);
      e.execs.add(x.id);
      record(x, process);
      attachment.bind(p.started(() -> out.ifPresent(OutputPump::detach)));
      hub.events.publish(
          "container",
          "exec_start: " + String.join(" ", x.spec.command()),
          e.id,
          EventAttributes.of(e.record, "execID", x.id));
      process.onExit(status ->
          hub.background(() ->
              ended(
                  x,
                  process,
                  status.code(),
                  () ->
                      out.ifPresentOrElse(
                          o -> o.whenDone(attachment::exited), attachment::exited))));
      return attachment;
    } catch (RuntimeException ex) {
      EngineException why =
          Failures.of(
              "cannot run " + x.spec.command().getFirst() + " in container " + e.name(), ex);
      x.exit.complete(why.exitCode());
      forgetLater(x);
      throw why;
    } finally {
      writer.ifPresent(Fd::close);
    }
  }

  /** Without its record it runs all the same; only the next engine would not know it. */
  private void record(Exec x, ContainerProcess process) {
    try {
      files.write(x.entry.id, new ExecRecord(x.id, process.number(), x.spec));
    } catch (EngineException e) {
      System.getLogger(LocalExecs.class.getName())
          .log(System.Logger.Level.WARNING, "exec " + x.id + " is not recorded", e);
    }
    FaultPoint.reach("exec.recorded");
  }

  private void ended(Exec x, ContainerProcess process, int code, Runnable tell) {
    FaultPoint.reach("exec.ended");
    x.entry.execs.remove(x.id);
    x.exit.complete(code);
    tell.run();
    files.remove(x.entry.id, x.id);
    hub.events.publish(
        "container",
        "exec_die",
        x.entry.id,
        EventAttributes.of(x.entry.record, "execID", x.id, "exitCode", Integer.toString(code)));
    try {
      process.forget();
    } catch (ContainerException gone) {
      System.getLogger(LocalExecs.class.getName())
          .log(System.Logger.Level.DEBUG, "the container has ended too", gone);
    }
    forgetLater(x);
  }

  private void forgetLater(Exec x) {
    var _ = hub.later(REMEMBERED, () -> execs.remove(x.id));
  }

  @Override
  public int await(String execId) throws InterruptedException {
    try {
      return get(execId).exit.get();
    } catch (ExecutionException e) {
      throw new IllegalStateException(e.getCause());
    }
  }

  @Override
  public void resize(String execId, TerminalSize size) {
    Exec x = get(execId);
    try {
      started(x).resize(size.rows(), size.columns());
    } catch (ContainerException e) {
      throw Failures.of("cannot resize the terminal of exec " + execId, e);
    }
  }

  @Override
  public void kill(String execId, String signal) {
    Exec x = get(execId);
    int number = LocalContainers.signal(signal);
    try {
      started(x).signal(number);
    } catch (ContainerException e) {
      throw Failures.of("cannot send " + Signals.name(number) + " to exec " + execId, e);
    }
  }

  @Override
  public ExecInfo inspect(String execId) {
    Exec x = get(execId);
    Optional<ContainerProcess> p = x.process;
    boolean running = p.isPresent() && !x.exit.isDone();
    return new ExecInfo(
        x.id,
        x.entry.id,
        x.spec,
        running,
        running ? OptionalInt.of(p.get().pid()) : OptionalInt.empty(),
        x.exit.isDone() ? OptionalInt.of(x.exit.join()) : OptionalInt.empty());
  }

  private static ContainerProcess started(Exec x) {
    return x.process.orElseThrow(() ->
        new EngineException.Conflict(
            "exec " + x.id.substring(0, 12) + " does not run: start it first"));
  }

  private Exec get(String id) {
    Exec x = execs.get(id);
    if (x == null) {
      throw new EngineException.NotFound(
          "there is no exec \"" + id + "\": it may have ended some minutes ago");
    }
    return x;
  }
}

package dev.kapal.engine.core;

import dev.kapal.engine.ContainerInfo.Health;
import dev.kapal.engine.ContainerInfo.Health.Probe;
import dev.kapal.engine.ContainerInfo.Health.Status;
import dev.kapal.engine.ContainerState;
import dev.kapal.engine.spec.ExecSpec;
import dev.kapal.engine.store.ContainerRecord.HealthPlan;
import dev.kapal.runtime.Container;
import dev.kapal.runtime.ContainerProcess;
import dev.kapal.runtime.ExitStatus;
import dev.kapal.runtime.Streams;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Future;

/** Asks containers whether they are well, in the intervals of their plans. */
final class HealthMonitor {
  private static final System.Logger LOG = System.getLogger(HealthMonitor.class.getName());
  private static final int OUTPUT = 4096;
  private static final int LOG_LENGTH = 5;

  private final Hub hub;
  private final ExecProcesses processes;

  HealthMonitor(Hub hub, ExecProcesses processes) {
    this.hub = hub;
    this.processes = processes;
  }

  /** Begins to check, if the container has a check. */
  Optional<AutoCloseable> start(Entry e, Live live) {
    Optional<HealthPlan> plan = e.record.health();
    if (plan.isEmpty()) {
      return Optional.empty();
    }
    e.health = Optional.of(new Health(Status.STARTING, 0, List.of()));
    Prober p = new Prober(e, live, plan.get());
    p.schedule();
    return Optional.of(p);
  }

  /** Checks one run of one container, one check after the other. */
  private final class Prober implements AutoCloseable {
    private final Entry entry;
    private final Live live;
    private final HealthPlan plan;
    private final Instant since;
    private Optional<Future<?>> next = Optional.empty();
    private boolean closed;

    Prober(Entry entry, Live live, HealthPlan plan) {
      this.entry = entry;
      this.live = live;
      this.plan = plan;
      this.since = entry.state.started().orElse(Instant.now());
    }

    private boolean starting() {
      return Instant.now().isBefore(since.plus(plan.startPeriod()));
    }

    synchronized void schedule() {
      if (closed) {
        return;
      }
      boolean early =
          starting()
              && entry.health.map(h -> h.status() == Status.STARTING).orElse(true)
              && !plan.startPeriod().isZero();
      Duration wait = early ? plan.startInterval() : plan.interval();
      next = Optional.of(hub.later(wait, this::check));
    }

    private void check() {
      if (entry.state.phase() == ContainerState.RUNNING) {
        Probe probe = probe();
        boolean stale;
        synchronized (this) {
          stale = closed;
        }
        if (!stale) {
          take(probe);
        }
      }
      schedule();
    }

    private Probe probe() {
      Instant start = Instant.now();
      List<String> words =
          plan.test().getFirst().equals("CMD-SHELL")
              ? List.of("/bin/sh", "-c", plan.test().get(1))
              : plan.test().subList(1, plan.test().size());
      try (OutputCapture capture = new OutputCapture(hub, OUTPUT)) {
        Container c = live.container();
        ContainerProcess p =
            processes.start(
                entry,
                c,
                ExecSpec.builder(words).build(),
                Optional.of(
                    new Streams(
                        Optional.empty(),
                        Optional.of(capture.writer()),
                        Optional.of(capture.writer()))));
        capture.writer().close();
        try {
          Optional<ExitStatus> status = p.awaitExit(plan.timeout());
          if (status.isEmpty()) {
            p.signal(9);
            p.awaitExit(Duration.ofSeconds(5));
            return new Probe(
                start,
                Instant.now(),
                -1,
                "the check took longer than " + plan.timeout().toMillis() + " ms");
          }
          return new Probe(start, Instant.now(), status.get().code(), capture.text());
        } finally {
          p.forget();
        }
      } catch (InterruptedException ex) {
        Thread.currentThread().interrupt();
        return new Probe(start, Instant.now(), -1, "interrupted");
      } catch (RuntimeException ex) {
        return new Probe(start, Instant.now(), -1, String.valueOf(ex.getMessage()));
      }
    }

    private void take(Probe probe) {
      entry.lock.lock();
      try {
        if (entry.live.filter(live::sameRun).isEmpty()) {
          return;
        }
        Health old = entry.health.orElse(new Health(Status.STARTING, 0, List.of()));
        Health now = judge(old, probe, plan.retries(), starting());
        entry.health = Optional.of(now);
        hub.events.publish(
            "container",
            "exec_die",
            entry.id,
            EventAttributes.of(entry.record, "exitCode", Integer.toString(probe.exitCode())));
        if (now.status() != old.status()) {
          hub.events.publish(
              "container",
              "health_status: " + now.status().text(),
              entry.id,
              EventAttributes.of(entry.record));
          LOG.log(System.Logger.Level.DEBUG, "container " + entry.name() + " is " + now.status());
        }
      } finally {
        entry.lock.unlock();
      }
    }

    @Override
    public void close() {
      synchronized (this) {
        closed = true;
        next.ifPresent(f -> f.cancel(false));
      }
    }
  }

  /** What a check means; a failure in the start period counts for nothing. */
  static Health judge(Health old, Probe probe, int retries, boolean starting) {
    List<Probe> log = new ArrayList<>(old.log());
    log.add(probe);
    if (log.size() > LOG_LENGTH) {
      log.removeFirst();
    }
    if (probe.exitCode() == 0) {
      return new Health(Status.HEALTHY, 0, log);
    }
    if (starting && old.status() == Status.STARTING) {
      return new Health(old.status(), old.failingStreak(), log);
    }
    int streak = old.failingStreak() + 1;
    return new Health(streak >= retries ? Status.UNHEALTHY : old.status(), streak, log);
  }
}

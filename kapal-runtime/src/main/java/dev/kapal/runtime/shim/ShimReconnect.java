package dev.kapal.runtime.shim;

import dev.kapal.linux.Errno;
import dev.kapal.linux.ErrnoException;
import dev.kapal.oci.runtime.Process;
import dev.kapal.oci.runtime.RuntimeConfig;
import dev.kapal.runtime.ContainerException;
import dev.kapal.runtime.ContainerProcess;
import dev.kapal.runtime.driver.LaunchedProcess;
import dev.kapal.runtime.driver.MonitorStatus;
import dev.kapal.runtime.shim.ShimRecord.Phase;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Finds a sandbox again: what the disk, the monitor and the shims say. A shim remembers how a
 * process ended until it is told to drop it, so that nothing is lost while nobody listened.
 */
final class ShimReconnect {
  private static final System.Logger LOG = System.getLogger(ShimReconnect.class.getName());

  private final ShimSandbox sandbox;
  private final ShimRecord state;

  ShimReconnect(ShimSandbox sandbox, ShimRecord state) {
    this.sandbox = sandbox;
    this.state = state;
  }

  void run() {
    List<ShimContainer> all = new ArrayList<>();
    state.containers().forEach(entry -> all.add(restore(entry)));
    try {
      sandbox.connect();
    } catch (ErrnoException | ContainerException.Gone e) {
      if (e instanceof ErrnoException errno && !errno.is(Errno.ECONNREFUSED, Errno.ENOENT)) {
        throw new ContainerException.Failed(
            "The monitor of sandbox " + state.id() + " cannot be reached: " + e.getMessage(), e);
      }
      state.own().forEach(sandbox::restoreOwn);
      all.forEach(this::join);
      sandbox.afterLoss();
      return;
    }
    sandbox.serve();
    state.own().forEach(sandbox::restoreOwn);
    Map<Integer, MonitorStatus> known = MonitorStatus.ask(sandbox.connection());
    state.own().forEach(o -> known.remove(o.log()));
    for (ShimContainer container : all) {
      settle(container, known);
    }
    List<LaunchedProcess> rest =
        known.keySet().stream().map(number -> ShimSandbox.process(sandbox, number)).toList();
    // Asked again, now that events about them are listened to.
    Map<Integer, MonitorStatus> now = MonitorStatus.ask(sandbox.connection());
    for (LaunchedProcess process : rest) {
      Optional.ofNullable(now.get(process.number())).ifPresent(status -> unknown(process, status));
    }
  }

  private ShimContainer restore(ShimRecord.Entry entry) {
    RuntimeConfig config;
    try {
      config = sandbox.files().readConfig(entry.number());
    } catch (RuntimeException _) {
      config = RuntimeConfig.empty().withProcess(Process.empty());
    }
    ShimContainer container =
        new ShimContainer(sandbox, entry.id(), entry.number(), config, entry.cgroup());
    sandbox.restore(container, container);
    container.restore(entry);
    container.launching();
    if (entry.log() > 0) {
      ShimSandbox.process(sandbox, entry.log()).launching();
    }
    return container;
  }

  /** Whether its shim is there. */
  private boolean join(ShimContainer container) {
    if (container.reply().isEmpty()) {
      return false;
    }
    try {
      container.join(sandbox.shim(container.reply().get()));
      return true;
    } catch (ErrnoException e) {
      LOG.log(
          System.Logger.Level.WARNING,
          "the shim of container {0} cannot be reached: {1}",
          container.id(),
          e.getMessage());
      return false;
    }
  }

  private void settle(ShimContainer container, Map<Integer, MonitorStatus> known) {
    MonitorStatus status = known.remove(container.number());
    known.remove(container.log());
    List<MonitorStatus> execs = new ArrayList<>();
    for (ContainerProcess exec : container.processes()) {
      execs.add(known.getOrDefault(exec.number(), new MonitorStatus(0, 0, 0, 0, false)));
      known.remove(exec.number());
    }
    boolean there = join(container);
    if (container.phase() == Phase.CREATING || status == null) {
      if (status == null) {
        sandbox.recordLoss(container);
      }
      container.abandon();
      return;
    }
    if (status.state() == MonitorStatus.ENDED) {
      container.ended(status.status(), status.ended(), Optional.empty());
    } else if (there) {
      follow(container, status);
    }
    int i = 0;
    for (ContainerProcess process : container.processes()) {
      MonitorStatus exec = execs.get(i++);
      if (!(process instanceof ShimProcess further)) {
        continue;
      }
      if (exec.state() == MonitorStatus.ENDED) {
        further.ended(exec.status(), exec.ended(), Optional.empty());
      } else if (exec.state() == 0) {
        sandbox.recordLoss(further);
      } else if (there) {
        follow(container, further, exec);
      }
    }
    if (!there && container.exitStatus().isEmpty()) {
      container.shimDied("it ended while nobody watched it");
    }
  }

  /** The shim knows what a start or a pause that was cut off has come to. */
  private void follow(ShimContainer container, MonitorStatus status) {
    TaskService.State now;
    try {
      now = container.tasks().state(container.id(), "");
    } catch (ContainerException e) {
      container.shimDied(String.valueOf(e.getMessage()));
      return;
    }
    container.watch().pid(now.pid());
    switch (now.status()) {
      case STOPPED -> {
        container.finish(now.exit());
        return;
      }
      case CREATED -> container.phase(Phase.CREATED);
      case PAUSED, PAUSING -> container.phase(Phase.PAUSED);
      case RUNNING, UNKNOWN -> container.phase(Phase.RUNNING);
    }
    container.watchEnd();
    if (status.inputClosed()) {
      container.inputClosed();
    }
  }

  private static void follow(ShimContainer container, ShimProcess exec, MonitorStatus status) {
    try {
      TaskService.State now = container.tasks().state(container.id(), exec.exec());
      exec.watch().pid(now.pid());
      switch (now.status()) {
        case STOPPED -> exec.finish(now.exit());
        // It was never started, and nobody was told of it.
        case CREATED, UNKNOWN -> container.end(exec);
        case RUNNING, PAUSED, PAUSING -> {
          exec.watchEnd();
          if (status.inputClosed()) {
            exec.inputClosed();
          }
        }
      }
    } catch (ContainerException _) {
      container.end(exec);
    }
  }

  /** What was under way and is on no record: a launch of a shim, a relay. */
  private void unknown(LaunchedProcess process, MonitorStatus status) {
    process.launching();
    switch (status.state()) {
      case MonitorStatus.ENDED -> sandbox.forget(process.number());
      case MonitorStatus.RUNNING -> sandbox.endRelay(process);
      default -> {
        process.command(status.pid());
        if (status.state() == MonitorStatus.LAUNCHED) {
          process.launcher().complete(status.status());
        }
        new ShimCommands(sandbox, "", sandbox.stateDirectory().toString()).end(process, false);
      }
    }
  }
}

package dev.kapal.runtime.monitor;

import dev.kapal.linux.Errno;
import dev.kapal.linux.ErrnoException;
import dev.kapal.oci.runtime.Process;
import dev.kapal.oci.runtime.RuntimeConfig;
import dev.kapal.runtime.ContainerException;
import dev.kapal.runtime.monitor.SandboxRecord.ContainerRecord;
import dev.kapal.runtime.plan.LaunchPlan;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Finds a sandbox again: what the disk, the monitor and the exit records say about each process.
 */
final class Reconnect {
  /** A process as the monitor knows it; offsets are those of docs/monitor-protocol.md. */
  private record Known(int pid, int state, int sync, int status, long end) {}

  private final NativeSandbox sandbox;
  private final SandboxFiles files;
  private final SandboxRecord state;

  Reconnect(Host host, NativeSandbox sandbox, SandboxFiles files, SandboxRecord state) {
    this.sandbox = sandbox;
    this.files = files;
    this.state = state;
  }

  void run() {
    for (ContainerRecord record : state.containers()) {
      restore(record);
    }
    try {
      sandbox.connect();
    } catch (ErrnoException | ContainerException.Gone e) {
      if (e instanceof ErrnoException errno && !errno.is(Errno.ECONNREFUSED, Errno.ENOENT)) {
        throw new ContainerException.Failed(
            "The monitor of sandbox " + state.id() + " cannot be reached: " + e.getMessage(), e);
      }
      sandbox.afterLoss();
      return;
    }
    Map<Integer, Known> known =
        status(sandbox.connection().ask(Packet.of(Packet.STATUS, 0), List.of()).data());
    for (ContainerRecord record : state.containers()) {
      if (launched(record, known)) {
        sandbox
            .container(record.id())
            .ifPresent(c -> {
              apply((NativeContainer) c, known);
              c.processes().forEach(p -> apply((NativeProcess) p, known));
            });
      }
    }
    removeUnknown(known);
    removeHalfMade(known);
  }

  /**
   * A monitor forgets a process only after the disk has; so it never heard of one without a trace.
   */
  private boolean launched(ContainerRecord record, Map<Integer, Known> known) {
    return known.containsKey(record.number()) || files.readExit(record.number()).isPresent();
  }

  private void restore(ContainerRecord record) {
    RuntimeConfig config;
    try {
      config = files.readConfig(record.number());
    } catch (RuntimeException _) {
      config = RuntimeConfig.empty().withProcess(Process.empty());
    }
    NativeContainer container = sandbox.restored(record, config);
    sandbox.restore(container);
    for (int number : record.exec()) {
      container.restoreExec(number);
    }
  }

  private static Map<Integer, Known> status(ByteBuffer data) {
    Map<Integer, Known> known = new HashMap<>();
    int count = data.getInt();
    for (int i = 0; i < count; i++) {
      int at = 4 + 64 * i;
      known.put(
          data.getInt(at),
          new Known(
              data.getInt(at + 4),
              data.getInt(at + 8),
              data.getInt(at + 12),
              data.getInt(at + 16),
              data.getLong(at + 40)));
    }
    return known;
  }

  private void apply(NativeProcess process, Map<Integer, Known> all) {
    Known known = all.get(process.number());
    if (known == null) {
      sandbox.recordLoss(process);
      return;
    }
    process.launching();
    process.watch().pid(known.pid());
    switch (known.state()) {
      case 2 -> process.watch().waiting(known.sync(), known.pid());
      case 3 -> process.watch().running(known.pid());
      case 4 ->
          process.ended(
              known.status(),
              known.end() == 0 ? System.currentTimeMillis() * 1_000_000L : known.end(),
              Optional.empty());
      default -> {}
    }
  }

  /**
   * Processes that the disk does not know: hooks, and exec processes of a call that was cut off.
   */
  private void removeUnknown(Map<Integer, Known> known) {
    for (Map.Entry<Integer, Known> entry : known.entrySet()) {
      boolean ours =
          state.containers().stream()
              .anyMatch(c -> c.number() == entry.getKey() || c.exec().contains(entry.getKey()));
      if (!ours) {
        int number = entry.getKey();
        if (entry.getValue().state() != 4) {
          NativeProcess stray = new NativeProcess(sandbox, number, false);
          stray.onExit(_ -> Thread.ofPlatform().daemon().start(() -> quietlyForget(number)));
          sandbox.register(stray);
          stray.signal(9);
        } else {
          quietlyForget(number);
        }
      }
    }
  }

  private void quietlyForget(int number) {
    try {
      sandbox.forget(number);
    } catch (RuntimeException _) {
      // The next start tries again.
    }
  }

  /** A creation that was cut off is undone: nobody was told of the container. */
  private void removeHalfMade(Map<Integer, Known> known) {
    for (ContainerRecord record : state.containers()) {
      Known process = known.get(record.number());
      boolean half =
          process == null
              ? !launched(record, known)
              : process.state() == 1
                  || (process.state() == 2 && process.sync() < LaunchPlan.SYNC_START);
      if (half) {
        sandbox.container(record.id()).ifPresent(c -> ((NativeContainer) c).abandon());
      }
    }
  }
}

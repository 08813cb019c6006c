package dev.kapal.runtime.oci;

import static dev.kapal.linux.Fcntl.O_RDONLY;

import dev.kapal.linux.Errno;
import dev.kapal.linux.ErrnoException;
import dev.kapal.linux.Fd;
import dev.kapal.oci.runtime.Process;
import dev.kapal.oci.runtime.RuntimeConfig;
import dev.kapal.runtime.ContainerException;
import dev.kapal.runtime.ContainerProcess;
import dev.kapal.runtime.driver.MonitorStatus;
import dev.kapal.runtime.monitor.Packet;
import dev.kapal.runtime.oci.OciRecord.Phase;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Finds a sandbox again: what the disk, the monitor, the exit records and, where this process may
 * have died in the middle of a command, the runtime say.
 */
final class OciReconnect {
  private final OciSandbox sandbox;
  private final OciRecord state;

  OciReconnect(OciSandbox sandbox, OciRecord state) {
    this.sandbox = sandbox;
    this.state = state;
  }

  void run() {
    List<OciContainer> all = new ArrayList<>();
    state.containers().forEach(entry -> all.add(restore(entry)));
    try {
      sandbox.connect();
    } catch (ErrnoException | ContainerException.Gone e) {
      if (e instanceof ErrnoException errno && !errno.is(Errno.ECONNREFUSED, Errno.ENOENT)) {
        throw new ContainerException.Failed(
            "The monitor of sandbox " + state.id() + " cannot be reached: " + e.getMessage(), e);
      }
      all.forEach(c -> c.adopted(0));
      sandbox.afterLoss();
      return;
    }
    Map<Integer, MonitorStatus> known = MonitorStatus.ask(sandbox.connection());
    for (OciContainer container : all) {
      apply(container, known);
      for (ContainerProcess process : container.processes()) {
        if (process instanceof OciProcess exec) {
          apply(exec, known);
          if (!exec.adopted() && exec.exitStatus().isEmpty()) {
            endHalfMade(container, exec);
          }
        }
      }
      if ((!container.adopted() && container.exitStatus().isEmpty())
          || phase(container) == Phase.CREATING) {
        container.abandon();
      } else if (container.exitStatus().isEmpty()) {
        settle(container);
      }
    }
  }

  private static Phase phase(OciContainer container) {
    return container.toRecord().phase();
  }

  private OciContainer restore(OciRecord.Entry entry) {
    RuntimeConfig config;
    try {
      config = sandbox.files().readConfig(entry.number());
    } catch (RuntimeException _) {
      config = RuntimeConfig.empty().withProcess(Process.empty());
    }
    OciContainer container =
        new OciContainer(sandbox, entry.id(), entry.number(), config, entry.cgroup());
    container.restore(entry.phase());
    container.launching();
    sandbox.restore(container, container);
    entry.exec().forEach(container::restoreExec);
    return container;
  }

  private void apply(OciProcess process, Map<Integer, MonitorStatus> all) {
    MonitorStatus known = all.get(process.number());
    if (known == null) {
      sandbox.recordLoss(process);
      return;
    }
    switch (known.state()) {
      case MonitorStatus.LAUNCHING -> process.command(known.pid());
      case MonitorStatus.LAUNCHED -> process.launcher().complete(known.status());
      case MonitorStatus.RUNNING -> process.adopted(known.pid());
      case MonitorStatus.ENDED -> {
        process.launcher().complete(0);
        process.ended(known.status(), known.ended(), Optional.empty());
      }
      default -> {}
    }
  }

  /** An exec that was cut off: its process may run, and nobody was told of it. */
  private void endHalfMade(OciContainer container, OciProcess exec) {
    String name = "pid." + exec.number();
    try (Fd file =
        sandbox.host().linux().descriptors().openat(sandbox.files().directory(), name, O_RDONLY)) {
      byte[] bytes = new byte[32];
      int length = sandbox.host().linux().descriptors().read(file, bytes, 0, bytes.length);
      int pid =
          Integer.parseInt(
              new String(bytes, 0, Math.max(0, length), StandardCharsets.US_ASCII).strip());
      sandbox.connection().ask(Packet.of(Packet.ADOPT, exec.number(), pid), List.of());
      exec.adopted(pid);
    } catch (ErrnoException | NumberFormatException _) {
      // It has not come so far, or ended: then there is nothing to adopt.
    }
    container.end(exec);
    sandbox.files().remove(name);
    sandbox.files().remove("process." + exec.number());
    sandbox.files().remove("console." + exec.number());
    sandbox.files().remove("log." + exec.number());
  }

  /** The runtime knows whether a command that was cut off has done its work. */
  private static void settle(OciContainer container) {
    Phase phase = phase(container);
    if (phase != Phase.STARTING && phase != Phase.SWITCHING) {
      return;
    }
    container.phase(
        switch (container.askedState()) {
          case "created" -> Phase.CREATED;
          case "paused" -> Phase.PAUSED;
          default -> Phase.RUNNING;
        });
  }
}

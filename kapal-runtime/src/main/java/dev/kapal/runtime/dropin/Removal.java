package dev.kapal.runtime.dropin;

import dev.kapal.linux.Cgroup;
import dev.kapal.linux.CgroupException;
import java.time.Duration;
import java.util.Optional;

/** Removes a container, with its hooks behind it. Everything may be gone already. */
final class Removal {
  private static final Duration TIME = Duration.ofSeconds(10);
  private final Session session;

  Removal(Session session) {
    this.session = session;
  }

  /** {@code delete}: refused while it runs, unless forced. */
  void run(String id, boolean force) {
    Optional<Kept> found = session.store().lockedIfThere(id);
    if (found.isEmpty()) {
      session.store().sweep(id);
      if (!force) {
        throw new CommandFailed("container does not exist: " + id);
      }
      return;
    }
    try (Kept kept = found.get()) {
      Kept.Status status = kept.status();
      if (!force && (status == Kept.Status.RUNNING || status == Kept.Status.PAUSED)) {
        throw new CommandFailed(
            "cannot delete container " + id + " that is not stopped: " + status.word());
      }
      remove(kept);
    }
  }

  /** Kills what lives and removes all. */
  void remove(Kept kept) {
    if (kept.alive()) {
      try {
        Signalling.kill(session.host().linux(), kept, 9);
      } catch (CommandFailed e) {
        session.console().debug(String.valueOf(e.getMessage()));
      }
      Signalling.awaitEnd(kept, TIME);
    }
    Cgroup cgroup = kept.cgroup();
    try {
      if (cgroup.exists()) {
        if (!cgroup.processes().isEmpty()) {
          cgroup.kill(TIME);
        }
        cgroup.delete(TIME);
      }
    } catch (CgroupException e) {
      throw new CommandFailed(
          "the control group of container " + kept.id() + " cannot be removed: " + e.getMessage(),
          e);
    }
    ResourceControl.find(session, kept.linux().intelRdt(), kept.id())
        .ifPresent(ResourceControl::remove);
    poststop(kept);
    kept.files().removeAll();
  }

  /** Their failure is logged only, as the specification says. */
  private void poststop(Kept kept) {
    try {
      new HookCalls(session, kept.record(), kept.config())
          .outside("poststop", kept.config().hooks().poststop(), "stopped", 0);
    } catch (CommandFailed e) {
      session.console().warn(String.valueOf(e.getMessage()));
    }
  }
}

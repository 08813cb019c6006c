package dev.kapal.engine.core;

import dev.kapal.linux.FaultPoint;
import dev.kapal.runtime.ContainerException;
import dev.kapal.runtime.Sandbox;
import java.util.Optional;

/** Takes away what runs of containers had. */
final class Clearing {
  private static final System.Logger LOG = System.getLogger(Clearing.class.getName());
  private final Hub hub;
  private final Mounting mounting;

  Clearing(Hub hub, Mounting mounting) {
    this.hub = hub;
    this.mounting = mounting;
  }

  /**
   * Takes away all that a run had. Idempotent; what cannot be taken away is logged, and tried again
   * at the next occasion. Holds the lock.
   */
  void clear(Entry e, Optional<Live> live) {
    boolean all = true;
    if (live.isPresent()) {
      all &= attempt(e, "its container", () -> live.get().container().delete(true));
      FaultPoint.reach("clear.container");
      all &= attempt(e, "its sandbox", () -> live.get().sandbox().ifPresent(Sandbox::quit));
      FaultPoint.reach("clear.sandbox");
    }
    if (Starter.networked(e.record)) {
      all &= attempt(e, "its network", () -> hub.peers.detach(e.id));
    }
    FaultPoint.reach("clear.network");
    all &= attempt(e, "its mounts", () -> mounting.clear(e.record));
    FaultPoint.reach("clear.mounts");
    if (all) {
      e.live = Optional.empty();
    }
  }

  static boolean attempt(Entry e, String what, Runnable step) {
    try {
      step.run();
      return true;
    } catch (ContainerException.Gone gone) {
      return true;
    } catch (RuntimeException ex) {
      LOG.log(
          System.Logger.Level.WARNING, "of container " + e.name() + ", " + what + " remains", ex);
      return false;
    }
  }
}

package dev.kapal.engine.core;

import dev.kapal.linux.Cgroup;
import dev.kapal.linux.CgroupDriver;
import dev.kapal.linux.systemd.Slices;
import dev.kapal.linux.systemd.Systemd;
import dev.kapal.linux.systemd.SystemdException;
import java.time.Duration;

/** Removes control groups with all that is in them, and the units that they belong to. */
final class CgroupRemoval {
  private static final System.Logger LOG = System.getLogger(CgroupRemoval.class.getName());
  private static final Duration LIMIT = Duration.ofSeconds(5);

  private CgroupRemoval() {}

  /** Removes a group that may be there; whether it was. */
  static boolean ifThere(Hub hub, String path) {
    Cgroup group = hub.linux.cgroups().open(path);
    if (!group.exists()) {
      return false;
    }
    group.kill(LIMIT);
    group.delete(LIMIT);
    stop(hub, path);
    return true;
  }

  /** Removes a pod's own group, of which systemd may know though it is not there. */
  static void pod(Hub hub, String path) {
    if (!ifThere(hub, path)) {
      stop(hub, path);
    }
  }

  private static void stop(Hub hub, String path) {
    if (hub.config.cgroupDriver() == CgroupDriver.SYSTEMD) {
      Slices.unit(path)
          .ifPresent(unit -> {
            try {
              Systemd.host(hub.linux).stop(unit);
            } catch (SystemdException e) {
              // Its processes and its group are gone; an empty unit does no harm.
              LOG.log(System.Logger.Level.WARNING, e.getMessage());
            }
          });
    }
  }
}

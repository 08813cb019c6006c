package dev.kapal.runtime.dropin;

import dev.kapal.linux.Cgroup;
import dev.kapal.linux.CgroupException;
import dev.kapal.linux.Errno;
import dev.kapal.linux.ErrnoException;
import dev.kapal.linux.Fd;
import dev.kapal.linux.Linux;
import dev.kapal.oci.runtime.NamespaceType;
import java.time.Duration;
import java.util.concurrent.locks.LockSupport;

/** Signals to a container's processes. */
final class Signalling {
  private static final int KILL = 9;
  private static final Duration THAW = Duration.ofSeconds(10);

  private Signalling() {}

  /** To its first process, which cannot be another one by then where the kernel has pidfds. */
  static void kill(Linux linux, Kept kept, int signal) {
    int pid = kept.record().pid();
    try {
      if (linux.features().pidfdOpen() && linux.features().pidfdSendSignal()) {
        try (Fd pidfd = linux.processes().pidfdOpen(pid)) {
          if (!kept.alive()) {
            throw notRunning();
          }
          linux.processes().pidfdSendSignal(pidfd, signal);
        }
      } else if (kept.alive()) {
        linux.processes().kill(pid, signal);
      } else {
        throw notRunning();
      }
    } catch (ErrnoException e) {
      if (e.is(Errno.ESRCH)) {
        throw notRunning();
      }
      throw new CommandFailed("signal " + signal + " cannot be sent: " + e.getMessage(), e);
    }
    if (signal == KILL) {
      // In v1 what is frozen dies when it thaws; and what has no pid namespace dies one by one.
      thaw(kept.cgroup());
      if (!ownPids(kept)) {
        all(linux, kept, KILL);
      }
    }
  }

  /**
   * Kills what its first process has left behind, as runc does; in a PID namespace of the
   * container's own nothing can be.
   *
   * @return false: the signal is another one, or there is nothing left
   */
  static boolean killRest(Linux linux, Kept kept, int signal) {
    if (signal != KILL
        || ownPids(kept)
        || !kept.cgroup().exists()
        || kept.cgroup().processes().isEmpty()) {
      return false;
    }
    all(linux, kept, KILL);
    return true;
  }

  /**
   * In another's PID namespace, as of a pod, its processes do not end with its first one either.
   */
  private static boolean ownPids(Kept kept) {
    return kept.linux().namespace(NamespaceType.PID).filter(n -> n.path().isEmpty()).isPresent();
  }

  /** These words are what containerd, CRI-O and Podman tell "it has ended" by. */
  static CommandFailed notRunning() {
    return new CommandFailed("container not running: os: process already finished");
  }

  private static void thaw(Cgroup cgroup) {
    try {
      if (cgroup.isFrozen()) {
        cgroup.thaw(THAW);
      }
    } catch (CgroupException _) {
      // It is gone with its last process.
    }
  }

  /** To all its processes. */
  static void all(Linux linux, Kept kept, int signal) {
    if (signal == KILL) {
      thaw(kept.cgroup());
    }
    for (int pid : Members.of(linux, kept)) {
      try {
        linux.processes().kill(pid, signal);
      } catch (ErrnoException e) {
        if (!e.is(Errno.ESRCH)) {
          throw new CommandFailed("signal " + signal + " cannot be sent: " + e.getMessage(), e);
        }
      }
    }
  }

  /** Waits until its first process has ended. */
  static void awaitEnd(Kept kept, Duration time) {
    long end = System.nanoTime() + time.toNanos();
    for (long pause = 100_000; kept.alive(); pause = Math.min(2_000_000, pause * 5 / 4)) {
      if (System.nanoTime() > end) {
        throw new CommandFailed(
            "the container " + kept.id() + " does not end although it was killed");
      }
      LockSupport.parkNanos(pause);
    }
  }
}

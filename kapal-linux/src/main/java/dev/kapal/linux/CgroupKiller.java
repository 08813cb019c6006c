package dev.kapal.linux;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/** Kills everything in a group, also what makes new processes faster than they can be listed. */
final class CgroupKiller {
  private static final Duration FREEZE = Duration.ofMillis(250);

  private final List<CgroupHierarchy> hierarchies;
  private final String path;
  private final Supplier<List<Integer>> processes;

  CgroupKiller(List<CgroupHierarchy> hierarchies, String path, Supplier<List<Integer>> processes) {
    this.hierarchies = hierarchies;
    this.path = path;
    this.processes = processes;
  }

  void kill(Duration timeout) {
    long end = System.nanoTime() + timeout.toNanos();
    killAtOnce();
    long pause = 100_000;
    List<Integer> left = processes.get();
    for (int round = 0; !left.isEmpty(); round++) {
      // After cgroup.kill they only need time to die.
      if (round > 3 || !hasKill()) {
        killFrozen();
      }
      if (System.nanoTime() > end) {
        throw new CgroupException(
            "cannot kill the processes "
                + left
                + " of the control group "
                + path
                + " within "
                + timeout.toMillis()
                + " ms: they may be waiting for a device (state D)");
      }
      Polling.pause(pause);
      pause = Math.min(pause * 2, 10_000_000);
      left = processes.get();
    }
  }

  private Optional<CgroupFolder> unified() {
    return hierarchies.stream()
        .filter(CgroupHierarchy::unified)
        .map(hierarchy -> hierarchy.folder(path))
        .findFirst();
  }

  private boolean hasKill() {
    return unified().map(folder -> folder.has("cgroup.kill")).orElse(false);
  }

  /** cgroup.kill, Linux 5.14. */
  private void killAtOnce() {
    if (hasKill()) {
      try {
        unified().orElseThrow().write("cgroup.kill", "1");
      } catch (ErrnoException e) {
        if (!e.is(Errno.ENOENT, Errno.ENODEV, Errno.EOPNOTSUPP)) {
          throw new CgroupException("cannot kill " + path + ": " + e.getMessage(), e);
        }
      }
    }
  }

  /** While they are stopped none can fork, and none can end and leave its id to a stranger. */
  private void killFrozen() {
    Optional<CgroupFreezer> freezer = CgroupFreezer.find(hierarchies, path);
    try {
      freezer.ifPresent(f -> f.freeze(FREEZE));
    } catch (CgroupException _) {
      // Some are stuck. The others are killed all the same.
    }
    try {
      processes.get().forEach(pid -> Sys.call(Nr.KILL, pid, Signals.SIGKILL, 0));
    } finally {
      // Of v1's frozen processes none dies before it is thawed.
      freezer.filter(f -> f.folder().exists()).ifPresent(f -> f.thaw(FREEZE));
    }
  }
}

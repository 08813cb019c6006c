package dev.kapal.linux;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.BooleanSupplier;

/** Stops and continues all processes of a group: freezer.state of v1, cgroup.freeze of v2. */
record CgroupFreezer(CgroupFolder folder, boolean unified) {
  static Optional<CgroupFreezer> find(List<CgroupHierarchy> hierarchies, String path) {
    Optional<CgroupFreezer> v1 =
        CgroupHierarchy.with(hierarchies, "freezer")
            .map(hierarchy -> new CgroupFreezer(hierarchy.folder(path), false))
            .filter(freezer -> freezer.folder.has("freezer.state"));
    return v1.or(() ->
        hierarchies.stream()
            .filter(CgroupHierarchy::unified)
            .map(hierarchy -> new CgroupFreezer(hierarchy.folder(path), true))
            .filter(freezer -> freezer.folder.has("cgroup.freeze"))
            .findFirst());
  }

  void freeze(Duration timeout) {
    if (!reach(true, timeout)) {
      request(false);
      throw new CgroupException(
          "cannot freeze "
              + folder.path()
              + ": not all processes stopped within "
              + timeout.toMillis()
              + " ms; one may be waiting for a device. They go on now");
    }
  }

  void thaw(Duration timeout) {
    if (!reach(false, timeout)) {
      throw new CgroupException(
          "cannot thaw "
              + folder.path()
              + " within "
              + timeout.toMillis()
              + " ms: is a group above"
              + " it frozen?");
    }
  }

  /** Asks and waits; whether it came about. */
  private boolean reach(boolean frozen, Duration timeout) {
    long end = System.nanoTime() + timeout.toNanos();
    BooleanSupplier there = () -> isFrozen() == frozen;
    request(frozen);
    long pause = 50_000;
    while (!there.getAsBoolean()) {
      if (System.nanoTime() > end) {
        return false;
      }
      Polling.pause(pause);
      pause = Math.min(pause * 2, 5_000_000);
      if (!unified) {
        // v1 gives up on processes that were being made meanwhile, until it is asked again.
        request(frozen);
      }
    }
    return true;
  }

  private void request(boolean frozen) {
    try {
      if (unified) {
        folder.write("cgroup.freeze", frozen ? "1" : "0");
      } else {
        folder.write("freezer.state", frozen ? "FROZEN" : "THAWED");
      }
    } catch (ErrnoException e) {
      throw new CgroupException(
          "cannot freeze or thaw " + folder.path() + ": " + e.getMessage(), e);
    }
  }

  boolean isFrozen() {
    return unified
        ? folder.read("cgroup.events").map(t -> CgroupFolder.keyed(t, "frozen") == 1).orElse(false)
        : folder.read("freezer.state").orElse("").equals("FROZEN");
  }
}

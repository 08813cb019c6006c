package dev.kapal.linux;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Where the control groups of this process's mount namespace are. Mounts that are read-only do not
 * count.
 *
 * @param mode v1, hybrid or v2
 * @param v1 controller → mount point of its v1 hierarchy ("name=systemd" among them)
 * @param unified mount point of the v2 hierarchy
 * @param unifiedControllers what the v2 root offers in cgroup.controllers
 */
public record CgroupLayout(
    Mode mode, Map<String, String> v1, Optional<String> unified, List<String> unifiedControllers) {
  /** Which versions are in use. */
  public enum Mode {
    /** No v2 mount. */
    V1,
    /** v1 controllers beside a v2 mount. */
    HYBRID,
    /** v2 only. */
    V2,
    /** No control groups are mounted. */
    NONE
  }

  /** Looks at /proc/self/mountinfo. */
  public static CgroupLayout detect() {
    return CgroupDetection.detect();
  }

  /** A pure version of {@link #detect()}. */
  public static CgroupLayout of(List<MountInfo> mounts, List<String> unifiedControllers) {
    return CgroupDetection.of(mounts, unifiedControllers);
  }

  /** Whether a controller can be used at all, through either version. */
  public boolean has(String controller) {
    return v1.containsKey(controller)
        || (unified.isPresent() && unifiedControllers.contains(controller));
  }
}

package dev.kapal.linux;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/** Finds control group mounts. */
final class CgroupDetection {
  /** Options of a v1 mount that are no controllers. */
  private static final Set<String> NOT_CONTROLLERS =
      Set.of("rw", "ro", "xattr", "noprefix", "clone_children", "cpuset_v2_mode", "none");

  private CgroupDetection() {}

  static CgroupLayout detect() {
    List<MountInfo> mounts = MountInfo.parse(ProcFiles.text("/proc/self/mountinfo"));
    List<String> controllers =
        unifiedMount(mounts)
            .flatMap(mount -> ProcFiles.textIfExists(mount + "/cgroup.controllers"))
            .map(text -> text.isBlank() ? List.<String>of() : List.of(text.strip().split(" ", -1)))
            .orElse(List.of());
    return of(mounts, controllers);
  }

  static CgroupLayout of(List<MountInfo> mounts, List<String> unifiedControllers) {
    Map<String, String> v1 = new TreeMap<>();
    for (MountInfo mount : mounts) {
      if (mount.type().equals("cgroup") && !mount.options().contains("ro")) {
        mount.superOptions().stream()
            .filter(option -> !NOT_CONTROLLERS.contains(option))
            .filter(option -> !option.contains("=") || option.startsWith("name="))
            .forEach(option -> v1.putIfAbsent(option, mount.mountPoint()));
      }
    }
    Optional<String> unified = unifiedMount(mounts);
    CgroupLayout.Mode mode =
        unified.isEmpty()
            ? v1.isEmpty() ? CgroupLayout.Mode.NONE : CgroupLayout.Mode.V1
            : v1.isEmpty() ? CgroupLayout.Mode.V2 : CgroupLayout.Mode.HYBRID;
    return new CgroupLayout(mode, Map.copyOf(v1), unified, List.copyOf(unifiedControllers));
  }

  private static Optional<String> unifiedMount(List<MountInfo> mounts) {
    return mounts.stream()
        .filter(mount -> mount.type().equals("cgroup2") && !mount.options().contains("ro"))
        .map(MountInfo::mountPoint)
        .findFirst();
  }
}

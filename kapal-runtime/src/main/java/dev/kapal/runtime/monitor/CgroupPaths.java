package dev.kapal.runtime.monitor;

import dev.kapal.linux.Cgroup;
import dev.kapal.linux.KernelFeatures;
import dev.kapal.linux.systemd.Slices;
import dev.kapal.runtime.ContainerException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/** Where a container's cgroup is, and how its processes get there. */
public final class CgroupPaths {
  private CgroupPaths() {}

  /** From the config's cgroupsPath: a path, or systemd's {@code slice:prefix:name}, or nothing. */
  public static String of(String cgroupsPath, String parent, String id) {
    if (cgroupsPath.isEmpty()) {
      return parent + "/" + id;
    }
    String[] parts = cgroupsPath.split(":", -1);
    String path = cgroupsPath;
    if (parts.length == 3 && !cgroupsPath.startsWith("/")) {
      path = Slices.path(parts[0]) + "/" + Slices.scope(parts[1], parts[2]);
    }
    Path normal = Path.of("/").resolve(path).normalize();
    if (normal.getNameCount() == 0 || Path.of(path).normalize().startsWith("..")) {
      throw new ContainerException.Invalid(
          "linux.cgroupsPath " + cgroupsPath + " is not the path of a cgroup");
    }
    return normal.toString();
  }

  /** Whether processes are cloned into the cgroup's v2 directory instead of entering it. */
  static boolean cloneInto(Host host, Cgroup cgroup) {
    return cloneInto(host.facts().features(), cgroup);
  }

  /** As the other one. */
  public static boolean cloneInto(KernelFeatures features, Cgroup cgroup) {
    return features.cloneIntoCgroup() && cgroup.exists() && cgroup.directories().containsKey("");
  }

  /** The directories to enter; one controller for each: controllers mounted together share one. */
  public static Map<String, String> directories(Cgroup cgroup, boolean clonedInto) {
    Map<String, String> distinct = new LinkedHashMap<>();
    Set<String> seen = new HashSet<>();
    cgroup
        .directories()
        .forEach((controller, directory) -> {
          if (seen.add(directory) && !(clonedInto && controller.isEmpty())) {
            distinct.put(controller, directory);
          }
        });
    return distinct;
  }
}

package dev.kapal.runtime.monitor;

import dev.kapal.linux.Cgroup;
import dev.kapal.linux.KernelFeatures;
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
      String scope = (parts[1].isEmpty() ? "" : parts[1] + "-") + parts[2];
      path = slices(parts[0]) + "/" + (scope.endsWith(".slice") ? scope : scope + ".scope");
    }
    Path normal = Path.of("/").resolve(path).normalize();
    if (normal.getNameCount() == 0 || Path.of(path).normalize().startsWith("..")) {
      throw new ContainerException.Invalid(
          "linux.cgroupsPath " + cgroupsPath + " is not the path of a cgroup");
    }
    return normal.toString();
  }

  /** {@code a-b.slice} lies in {@code a.slice}. */
  private static String slices(String slice) {
    if (!slice.endsWith(".slice") || slice.equals("-.slice")) {
      return "";
    }
    StringBuilder path = new StringBuilder();
    StringBuilder name = new StringBuilder();
    for (String part : slice.substring(0, slice.length() - 6).split("-", -1)) {
      name.append(name.isEmpty() ? "" : "-").append(part);
      path.append('/').append(name).append(".slice");
    }
    return path.toString();
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

package dev.kapal.runtime.driver;

import dev.kapal.linux.Linux;
import dev.kapal.linux.MountInfo;
import dev.kapal.oci.runtime.Mount;
import dev.kapal.runtime.monitor.SystemdScope;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** What making a bundle of our own takes. */
public final class Bundles {
  private Bundles() {}

  /** Mounts whose relative sources start at the caller's bundle, not at ours. */
  public static List<Mount> absolute(List<Mount> mounts, Path bundle) {
    return mounts.stream().map(m -> absolute(m, bundle)).toList();
  }

  private static Mount absolute(Mount mount, Path bundle) {
    boolean bind =
        mount.type().equals("bind")
            || mount.options().contains("bind")
            || mount.options().contains("rbind");
    return bind && !mount.source().startsWith("/")
        ? new Mount(
            mount.destination(),
            mount.type(),
            bundle.resolve(mount.source()).normalize().toString(),
            mount.options(),
            mount.uidMappings(),
            mount.gidMappings())
        : mount;
  }

  /**
   * Annotations of a container whose control group {@code cgroupsPath} names. crun would make
   * another group in a scope of systemd's, and put the container into that one, where nobody looks.
   */
  public static Map<String, String> annotations(Map<String, String> given, String cgroupsPath) {
    if (SystemdScope.unit(cgroupsPath).isEmpty()) {
      return given;
    }
    Map<String, String> all = new TreeMap<>(given);
    all.putIfAbsent("run.oci.systemd.subgroup", "");
    return all;
  }

  /** The mount that a path is on: the last one at its longest prefix. */
  public static String mountOf(Linux linux, String path) {
    String best = "/";
    for (MountInfo mount : linux.mounts().mountInfo()) {
      String point = mount.mountPoint();
      boolean above = point.equals("/") || path.equals(point) || path.startsWith(point + "/");
      if (above && point.length() >= best.length()) {
        best = point;
      }
    }
    return best;
  }
}

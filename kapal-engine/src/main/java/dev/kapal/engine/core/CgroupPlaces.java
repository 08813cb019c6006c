package dev.kapal.engine.core;

import dev.kapal.engine.EngineConfig;
import dev.kapal.engine.EngineException;
import dev.kapal.linux.CgroupDriver;
import dev.kapal.linux.systemd.Slices;
import java.util.Optional;

/**
 * Where control groups are, as paths below the hierarchies. With the driver systemd those of
 * containers are scopes and those of pods slices, named as its other users name theirs: {@code
 * /system.slice/kapal-ID.scope}, {@code …/kubepods-podUID.slice/cri-kapal-ID.scope}.
 */
record CgroupPlaces(CgroupDriver driver, String parent) {
  static CgroupPlaces of(EngineConfig config) {
    return new CgroupPlaces(config.cgroupDriver(), config.cgroupParent());
  }

  /** A container's that is in no pod. */
  String container(Optional<String> asked, String id) {
    if (driver == CgroupDriver.CGROUPFS) {
      return absolute(asked.orElse(parent)) + "/" + id;
    }
    return slice(asked.orElse(parent), "a slice such as system.slice") + "/kapal-" + id + ".scope";
  }

  /** A pod's. */
  String pod(Optional<String> asked, String id) {
    if (driver == CgroupDriver.CGROUPFS) {
      return asked.map(CgroupPlaces::absolute).orElse(parent + "/" + id);
    }
    return slice(
        asked.orElseGet(() -> ownSlice(id)),
        "a slice, as a kubelet does whose cgroupDriver is systemd, too");
  }

  /** A member's, given its pod's. */
  String member(String pod, String id) {
    return driver == CgroupDriver.SYSTEMD && Slices.named(pod).isPresent()
        ? pod + "/cri-kapal-" + id + ".scope"
        : pod + "/" + id;
  }

  /** The slice of a pod that brings none. */
  private String ownSlice(String id) {
    String above = Slices.named(parent).orElseThrow();
    return above.substring(0, above.lastIndexOf('.')) + ownSuffix(id);
  }

  /** What the name of such a slice ends with. */
  static String ownSuffix(String id) {
    return "-pod" + id + ".slice";
  }

  private static String slice(String asked, String instead) {
    return Slices.named(asked)
        .map(Slices::path)
        .orElseThrow(() ->
            new EngineException.InvalidArgument(
                "the cgroup parent \""
                    + asked
                    + "\" is no slice, and systemd makes the cgroups here: give "
                    + instead
                    + ", or set daemon.cgroup_driver to cgroupfs"));
  }

  private static String absolute(String path) {
    return path.startsWith("/") ? path : "/" + path;
  }
}

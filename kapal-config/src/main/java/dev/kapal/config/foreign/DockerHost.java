package dev.kapal.config.foreign;

import dev.kapal.config.text.Nearest;
import dev.kapal.config.text.Node;
import dev.kapal.linux.systemd.Slices;
import java.nio.file.Path;
import java.util.Set;

/** Where Docker's daemon.json puts things on the host. */
final class DockerHost {
  private DockerHost() {}

  static void dataRoot(Intake in, Found f) {
    in.notApplicable(
        f,
        "two engines must not share a store; to keep Kapal's on the same disk set daemon.data_dir"
            + f.text().map(t -> ", to " + Path.of(clean(t)).resolveSibling("kapal")).orElse(""));
  }

  private static String clean(String path) {
    return path.replace("\0", "");
  }

  static void cgroupParent(Intake in, Found f) {
    String parent = f.text().orElse("");
    if (parent.isEmpty()) {
      in.notApplicable(f, Found.UNSET);
    } else if (Slices.named(parent).isPresent()) {
      in.translate(f, new Node.Text(f.at(), Slices.named(parent).get()), "daemon", "cgroup_parent");
    } else {
      in.translate(
          f,
          new Node.Text(f.at(), parent.startsWith("/") ? parent : "/" + parent),
          "daemon",
          "cgroup_parent");
    }
  }

  static void execOpts(Intake in, Found f) {
    if (!(f.node() instanceof Node.Array array)) {
      in.mistake(f, "this is an array: [\"native.cgroupdriver=systemd\"]");
      return;
    }
    for (String option : array.texts()) {
      switch (option) {
        case "native.cgroupdriver=systemd" -> CgroupDrivers.set(in, f, "systemd");
        case "native.cgroupdriver=cgroupfs" -> CgroupDrivers.set(in, f, "cgroupfs");
        default ->
            in.mistake(
                f,
                "\""
                    + option
                    + "\" is not known"
                    + Nearest.of(
                            option,
                            Set.of("native.cgroupdriver=systemd", "native.cgroupdriver=cgroupfs"))
                        .map(n -> "; did you mean \"" + n + "\"?")
                        .orElse("; dockerd knows native.cgroupdriver=systemd or cgroupfs"));
      }
    }
    if (array.items().isEmpty()) {
      in.notApplicable(f, Found.UNSET);
    }
  }

  static void storageDriver(Intake in, Found f) {
    String driver = f.text().orElse("");
    switch (driver) {
      case "overlay", "aufs", "devicemapper" ->
          in.mistake(
              f,
              "dockerd removed the storage driver \""
                  + driver
                  + "\" and does not start with it; Kapal uses overlayfs");
      default -> in.notApplicable(f, "Kapal uses overlayfs; there is nothing to choose");
    }
  }
}

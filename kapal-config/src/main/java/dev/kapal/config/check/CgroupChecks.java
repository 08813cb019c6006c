package dev.kapal.config.check;

import dev.kapal.config.CgroupSetup;
import dev.kapal.linux.CgroupDriver;
import dev.kapal.linux.CgroupLayout;
import java.util.List;

/** Control groups: which version, who divides them, and what they can limit. */
final class CgroupChecks {
  private CgroupChecks() {}

  static final Check LAYOUT =
      host ->
          List.of(
              switch (host.cgroups().mode()) {
                case V2 -> Group.CGROUPS.ok("cgroup.layout", "version 2");
                case V1 ->
                    Group.CGROUPS.ok(
                        "cgroup.layout", "version 1; Kubernetes 1.31 and newer asks for version 2");
                case HYBRID ->
                    Group.CGROUPS.warning(
                        "cgroup.layout",
                        "hybrid: controllers of version 1 beside a version 2 without them; native"
                            + " and runc work, crun and newer runtimes refuse it",
                        "start with systemd.unified_cgroup_hierarchy=1 on the kernel's command line");
                case NONE ->
                    Group.CGROUPS.failure(
                        "cgroup.layout",
                        "no control groups are mounted, or only read-only ones",
                        "mount them: mount -t cgroup2 none /sys/fs/cgroup");
              });

  static final Check CONTROLLERS =
      host -> {
        CgroupLayout layout = host.cgroups();
        List<String> absent =
            List.of("cpu", "memory", "pids").stream().filter(c -> !has(layout, c)).toList();
        List<String> minor = List.of("cpuset", "io").stream().filter(c -> !has(layout, c)).toList();
        if (!absent.isEmpty()) {
          return List.of(
              Group.CGROUPS.failure(
                  "cgroup.controllers",
                  "missing: " + String.join(", ", absent) + "; those limits are not enforced",
                  absent.contains("memory")
                      ? "start with cgroup_enable=memory on the kernel's command line"
                      : "use a kernel with these controllers, and have systemd delegate them"));
        }
        return List.of(
            minor.isEmpty()
                ? Group.CGROUPS.ok("cgroup.controllers", "cpu, memory, pids, cpuset, io")
                : Group.CGROUPS.warning(
                    "cgroup.controllers",
                    "missing: " + String.join(", ", minor) + "; those limits are not enforced",
                    "use a kernel with these controllers if containers are to be limited by them"));
      };

  /** Who makes the containers' cgroups. */
  static Check driver(CgroupSetup cgroups) {
    return host -> {
      if (cgroups.problem().isPresent()) {
        return List.of(
            Group.CGROUPS.failure(
                "cgroup.driver",
                Facts.sentence(cgroups.problem().get().toString()),
                "the daemon does not start with it: change it in Kapal's configuration"));
      }
      return List.of(
          Group.CGROUPS.ok(
              "cgroup.driver",
              cgroups.driver() == CgroupDriver.SYSTEMD
                  ? "systemd makes cgroups for Kapal, below " + cgroups.parent()
                  : "Kapal makes cgroups itself (cgroupfs), below "
                      + cgroups.parent()
                      + (systemd(host)
                          ? "; systemd runs, so a kubelet is perhaps set to systemd"
                          : "; systemd does not run here")));
    };
  }

  /** sd_booted(3). */
  static boolean systemd(Host host) {
    return host.exists("/run/systemd/system");
  }

  private static boolean has(CgroupLayout layout, String controller) {
    return layout.has(controller) || (controller.equals("io") && layout.has("blkio"));
  }
}

package dev.kapal.config.foreign;

/** What is to be said of the two ways of making cgroups. */
final class CgroupDrivers {
  private CgroupDrivers() {}

  static String reason(String driver) {
    return "Kapal's own runtime makes cgroups by itself; for external ones set"
        + " runtimes.NAME.systemd_cgroup. The kubelet's cgroupDriver must be "
        + driver
        + ", too: when the two differ, pods restart again and again";
  }
}

package dev.kapal.config.foreign;

import dev.kapal.config.text.Node;

/** Who makes cgroups: one answer for all containers, as with Docker and CRI-O. */
final class CgroupDrivers {
  private CgroupDrivers() {}

  static void set(Intake in, Found f, String driver) {
    in.translate(f, new Node.Text(f.at(), driver), "daemon", "cgroup_driver");
  }
}

package dev.kapal.runtime.plan;

import dev.kapal.oci.runtime.Mount;
import java.util.ArrayList;
import java.util.List;

/**
 * The config's mounts, in their order. Targets are opened below the root, never by a path that the
 * container could redirect (CVE-2021-30465, CVE-2024-45310); mounts go onto these descriptors.
 */
final class MountPlan {
  private final Compilation c;
  private final BindPlan binds;
  private final FileSystemPlan fileSystems;
  private final List<PlannedMount> mounts = new ArrayList<>();

  MountPlan(Compilation c, BindFlags.Policy policy) {
    this.c = c;
    this.binds = new BindPlan(c);
    this.fileSystems = new FileSystemPlan(c);
    MountChecks checks = new MountChecks(c);
    for (Mount mount : c.config.mounts()) {
      PlannedMount planned = PlannedMount.of(c, mount, mounts.size(), policy);
      checks.check(planned);
      mounts.add(planned);
    }
  }

  /** Those that mounts need; before any slot is asked for. */
  void descriptors() {
    binds.descriptors(mounts);
  }

  /**
   * Takes hold of sources that need the host's privileges or its mounts' peers: before {@link
   * RootPlan#isolate}.
   */
  void acquire() {
    mounts.stream().filter(PlannedMount::held).forEach(binds::acquire);
  }

  /** Mounts everything below the root. */
  void attach() {
    for (PlannedMount p : mounts) {
      if (p.options().bind()) {
        binds.attach(p);
      } else if (p.mount().type().equals("cgroup") || p.mount().type().equals("cgroup2")) {
        new CgroupMountPlan(c).mount(p.destination(), p.options());
      } else {
        fileSystems.attach(p);
      }
    }
  }

  /** What waited for its content. */
  void readOnly() {
    mounts.stream().filter(p -> !p.options().bind()).forEach(fileSystems::readOnly);
  }
}

package dev.kapal.runtime.plan;

import dev.kapal.linux.Arch;
import dev.kapal.linux.Capabilities;
import dev.kapal.linux.CgroupLayout;
import dev.kapal.linux.Identity;
import dev.kapal.linux.KernelFeatures;

/**
 * What a plan depends on of the machine.
 *
 * @param features of the kernel
 * @param arch of the machine
 * @param cgroups where the control groups are
 * @param capabilities mask of what this process may pass on
 * @param lastCapability highest capability of the kernel
 * @param identity who launches
 */
public record HostFacts(
    KernelFeatures features,
    Arch arch,
    CgroupLayout cgroups,
    long capabilities,
    int lastCapability,
    Identity identity) {
  /** As the host's root sees it. */
  public HostFacts(
      KernelFeatures features,
      Arch arch,
      CgroupLayout cgroups,
      long capabilities,
      int lastCapability) {
    this(features, arch, cgroups, capabilities, lastCapability, Identity.ROOT);
  }

  /** This machine's, with kernel features as given. */
  public static HostFacts of(KernelFeatures features) {
    Capabilities.Sets own =
        Capabilities.of((int) ProcessHandle.current().pid())
            .orElseThrow(() -> new IllegalStateException("/proc is not mounted"));
    return new HostFacts(
        features,
        Arch.host(),
        CgroupLayout.detect(),
        own.permitted() & own.bounding(),
        Capabilities.last(),
        Identity.own());
  }
}

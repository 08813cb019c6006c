package dev.kapal.linux;

/** Puts the real parts together. */
final class SystemLinux {
  private SystemLinux() {}

  static Linux create(KernelFeatures features) {
    Descriptors descriptors = new SystemDescriptors(features);
    return new Linux(
        features,
        descriptors,
        new SystemMounts(features),
        new SystemSockets(),
        new SystemProcesses(features),
        new SystemMemfds(descriptors),
        new SystemTerminals(descriptors));
  }

  static Poller poller(String threadName) {
    return new EpollPoller(threadName);
  }

  static CgroupManager cgroups(CgroupLayout layout) {
    return new SystemCgroupManager(layout);
  }
}

package dev.kapal.linux;

@SuppressWarnings("DoNotCallSuggester")
final class SystemLinux {
  private SystemLinux() {}

  static Linux create(KernelFeatures features) {
    throw new IllegalStateException("not yet: " + features);
  }

  static Poller poller(String threadName) {
    throw new IllegalStateException("not yet: " + threadName);
  }

  static CgroupManager cgroups(Linux linux, CgroupLayout layout) {
    throw new IllegalStateException("not yet: " + linux + layout);
  }
}

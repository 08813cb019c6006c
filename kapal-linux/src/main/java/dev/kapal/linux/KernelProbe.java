package dev.kapal.linux;

final class KernelProbe {
  private KernelProbe() {}

  static KernelFeatures host() {
    return KernelFeatures.linux419();
  }
}

package dev.kapal.runtime.monitor;

import dev.kapal.linux.KernelFeatures;

/** The same containers with plans that use nothing newer than Linux 4.19. */
class OldKernelTest extends NativeRuntimeTest {
  @Override
  KernelFeatures features() {
    return KernelFeatures.linux419();
  }
}

package dev.kapal.it;

/** On this kernel as it is. */
final class LifecycleTest extends LifecycleCases {
  @Override
  Daemon open() {
    return Daemon.start();
  }
}

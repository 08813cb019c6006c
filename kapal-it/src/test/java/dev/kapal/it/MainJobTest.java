package dev.kapal.it;

/** On this kernel as it is. */
final class MainJobTest extends MainJobCases {
  @Override
  Daemon open() {
    return Daemon.start();
  }
}

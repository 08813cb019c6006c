package dev.kapal.it;

/** With every system call that is newer than Linux 4.19 answered ENOSYS. */
final class OldKernelMainJobTest extends MainJobCases {
  @Override
  Daemon open() {
    return Daemon.startUnder(OldKernel.wrapper());
  }
}

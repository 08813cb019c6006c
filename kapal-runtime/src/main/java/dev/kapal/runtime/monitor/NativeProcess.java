package dev.kapal.runtime.monitor;

/** A process of the native runtime. */
class NativeProcess extends MonitoredProcess {
  private final NativeSandbox sandbox;

  NativeProcess(NativeSandbox sandbox, int number, boolean terminal) {
    super(sandbox, number, terminal);
    this.sandbox = sandbox;
  }

  final NativeSandbox owner() {
    return sandbox;
  }
}

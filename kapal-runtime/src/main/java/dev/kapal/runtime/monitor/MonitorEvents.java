package dev.kapal.runtime.monitor;

/** What a monitor tells unasked. Called by the poller's thread: implementations must not block. */
public interface MonitorEvents {
  /** A process waits. */
  void waiting(int process, int sync, int pid);

  /** A process has executed its program. */
  void running(int process, int pid);

  /** A launch ended before that. */
  void failed(int process, int part, int step, int errno);

  /** A process has ended. */
  void exited(int process, int status, long time);

  /** A launcher has ended; ADOPT is waited for. */
  default void launched(int process, int status) {}

  /** A relay's input has been closed. */
  default void inputClosed(int process) {}

  /** The monitor is gone. */
  void lost();
}

package dev.kapal.runtime.monitor;

/** What a process under a monitor needs of its sandbox. */
public interface ProcessHost {
  /**
   * The way to its monitor.
   *
   * @throws dev.kapal.runtime.ContainerException.Gone when that is gone
   */
  MonitorConnection connection();

  /** Drops an ended process, at the monitor too. */
  void forget(int number);
}

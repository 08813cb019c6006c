package dev.kapal.runtime.driver;

import dev.kapal.runtime.Container;

/** What a {@link MonitoredSandbox} needs of its containers. */
public interface MonitoredContainer extends Container {
  /** Kills all its processes, without the monitor's help. */
  void killAll();

  /** A further process has been dropped. */
  void forgotten(int number);
}

package dev.kapal.cli.context;

import dev.kapal.engine.Engine;
import java.time.Duration;

/**
 * Opens engines apart from the one that serves: over folders of their own on the same file system,
 * with the same runtimes and configuration. What runs in them is in no list and no event.
 */
@FunctionalInterface
public interface Scratch {
  /**
   * Opens one. Closing it removes its folders; its containers must have been removed.
   *
   * @param limit for making a container, whatever the configuration allows
   * @throws RuntimeException what an engine at its start throws
   */
  Engine open(Duration limit);
}

package dev.kapal.engine;

import dev.kapal.image.Images;

/**
 * One engine over one store. Doors and embedding programs hold exactly one; {@code
 * dev.kapal.engine.core.LocalEngine} opens it.
 */
public interface Engine extends AutoCloseable {

  /** The containers. */
  Containers containers();

  /** Sandboxes of several containers. */
  Pods pods();

  /** Further processes in containers. */
  Execs execs();

  /**
   * The image store. What it does shows among the events, and what containers use is kept. It
   * throws its own exceptions ({@link dev.kapal.image.ImageException} and what that names). The
   * engine closes it.
   */
  Images images();

  /** The volumes. */
  Volumes volumes();

  /** The networks, with in-use checks and events. */
  EngineNetworks networks();

  /** What happened. */
  Events events();

  /** The engine itself: facts, disk usage, checks, clean-up. */
  EngineSystem system();

  /** Lets go of everything; containers go on. Idempotent. */
  @Override
  void close();
}

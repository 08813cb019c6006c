package dev.kapal.engine;

/**
 * One engine over one store. Doors and embedding programs hold exactly one; {@code
 * dev.kapal.engine.core.LocalEngine} opens it.
 */
public interface Engine extends AutoCloseable {

  /** The containers. */
  Containers containers();

  /** Further processes in containers. */
  Execs execs();

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

package dev.kapal.engine;

/** Where a container is in its life. */
public enum ContainerState {
  CREATED,
  RUNNING,
  PAUSED,
  /** Ended, and waiting to be started again by its policy. */
  RESTARTING,
  EXITED,
  /** Being removed. */
  REMOVING,
  /** Removing it failed half-way; remove it again. */
  DEAD;

  /** As Docker writes it. */
  public String text() {
    return name().toLowerCase(java.util.Locale.ROOT);
  }

  /** Whether it has processes. */
  public boolean alive() {
    return this == RUNNING || this == PAUSED;
  }
}

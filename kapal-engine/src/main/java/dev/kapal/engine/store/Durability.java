package dev.kapal.engine.store;

/**
 * What a transaction must survive. Both survive {@code kill -9} of the process at any instant: the
 * pages are the kernel's by then.
 */
public enum Durability {
  /**
   * May be lost with the power (SQLite's synchronous=NORMAL: no fsync). For what a reboot settles
   * anyway: that something runs, or whatever concerns an auto-removed container, none of which can
   * be there after a reboot.
   */
  PROCESS,
  /**
   * Survives power loss once the call has returned (synchronous=FULL: one fsync, about 0.16 ms).
   * For what somebody was promised: a container that was created, a volume, an exit code.
   */
  POWER
}

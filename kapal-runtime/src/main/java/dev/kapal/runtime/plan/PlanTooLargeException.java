package dev.kapal.runtime.plan;

/** A config that asks for more than a launch plan holds. */
public final class PlanTooLargeException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  PlanTooLargeException(int bytes, int steps, int slots) {
    super(
        "The launch plan needs "
            + bytes
            + " bytes, "
            + steps
            + " steps and "
            + slots
            + " slots, but at most 4194304 bytes, 4096 steps and 256 slots are possible: use fewer mounts,"
            + " masked paths or environment variables");
  }
}

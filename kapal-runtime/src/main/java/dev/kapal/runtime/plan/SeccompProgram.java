package dev.kapal.runtime.plan;

/**
 * A compiled filter.
 *
 * @param filter array of {@code struct sock_filter}
 * @param instructions how many
 * @param flags of seccomp(2)
 */
public record SeccompProgram(Bytes filter, int instructions, int flags) {
  /** {@code SECCOMP_FILTER_FLAG_NEW_LISTENER}. */
  public static final int NEW_LISTENER = 8;

  /** Whether loading it gives a listener. */
  public boolean listener() {
    return (flags & NEW_LISTENER) != 0;
  }
}

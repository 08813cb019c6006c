package dev.kapal.cri.observe;

import java.util.Optional;

/**
 * Hears of the calls of the kubelet's interface, for metrics and traces. It is called on the
 * threads that serve them: it must be quick, thread-safe, and not throw. Calls of methods that do
 * not exist are not told.
 */
@FunctionalInterface
public interface CallObserver {
  /** Hears nothing. */
  CallObserver NONE = call -> Observed.NONE;

  /** A call has come. */
  Observed begin(Call call);

  /**
   * What is known of a call when it comes.
   *
   * @param service with its package, such as {@code runtime.v1.RuntimeService}
   * @param method such as {@code RunPodSandbox}
   * @param traceparent the caller's header of this name (W3C Trace Context), unchecked
   * @param tracestate likewise
   */
  record Call(
      String service, String method, Optional<String> traceparent, Optional<String> tracestate) {}

  /** A call under way. */
  interface Observed {
    /** Of no interest to anybody. */
    Observed NONE = new Observed() {};

    /** The calling thread works for this call from now on, until {@link #leave}. */
    default void enter() {}

    /** The calling thread, the same one, works for it no more. */
    default void leave() {}

    /** A message was sent to the caller. */
    default void sent() {}

    /**
     * It is over; told once.
     *
     * @param code the name of gRPC's status code, such as {@code NOT_FOUND}
     * @param number the code's number, 0 to 16
     */
    default void end(String code, int number) {}
  }
}

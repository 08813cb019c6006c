package dev.kapal.cri.rpc;

import io.grpc.Context;

/** Interrupts a thread when nobody waits for it any more. */
final class Interruption {
  private final Thread thread = Thread.currentThread();
  private boolean over;

  private Interruption() {}

  /** Work that can be interrupted. */
  @FunctionalInterface
  interface Work<A> {
    A run() throws InterruptedException;
  }

  /** Does the work on this thread, and interrupts it when the current call is cancelled. */
  static <A> A whileWanted(Work<A> work) throws InterruptedException {
    Interruption interruption = new Interruption();
    Context context = Context.current();
    Context.CancellationListener listener = cancelled -> interruption.interrupt();
    context.addListener(listener, Runnable::run);
    try {
      return work.run();
    } finally {
      context.removeListener(listener);
      interruption.end();
    }
  }

  private synchronized void interrupt() {
    if (!over) {
      thread.interrupt();
    }
  }

  /** The thread goes back to its pool without the mark. */
  private synchronized void end() {
    over = true;
    Thread.interrupted();
  }
}

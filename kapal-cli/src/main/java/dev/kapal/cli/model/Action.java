package dev.kapal.cli.model;

/** What a command does. One instance serves all threads. */
@FunctionalInterface
public interface Action {
  /**
   * Does it, on the calling thread.
   *
   * @return the exit status
   */
  int run(Invocation invocation) throws InterruptedException;
}

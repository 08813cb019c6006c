package dev.kapal.runtime.monitor;

import dev.kapal.runtime.ContainerException;
import java.time.Duration;
import java.util.Optional;

/** How far a launch has come. The poller's thread reports, others wait. */
public final class LaunchWatch {
  /** Where a launch failed. */
  public record Failure(int part, int step, int errno) {}

  private int pid;
  private int sync;
  private boolean running;
  private boolean ended;
  private boolean lost;
  private Optional<Failure> failure = Optional.empty();

  /** Of a launch that has not begun. */
  public LaunchWatch() {}

  public synchronized void waiting(int number, int processId) {
    sync = number;
    pid = processId;
    notifyAll();
  }

  public synchronized void running(int processId) {
    running = true;
    sync = 0;
    pid = processId;
    notifyAll();
  }

  public synchronized void failed(Failure what) {
    failure = Optional.of(what);
    notifyAll();
  }

  public synchronized void ended() {
    ended = true;
    notifyAll();
  }

  public synchronized void lost() {
    lost = true;
    notifyAll();
  }

  public synchronized void pid(int processId) {
    if (processId > 0) {
      pid = processId;
    }
  }

  public synchronized int pid() {
    return pid;
  }

  synchronized int sync() {
    return sync;
  }

  public synchronized boolean isRunning() {
    return running;
  }

  synchronized void released() {
    sync = 0;
  }

  public synchronized Optional<Failure> failure() {
    return failure;
  }

  /**
   * Waits for the next SYNC or for the program to run.
   *
   * @return the SYNC's number; 0: it runs, or ran and ended; -1: it failed
   */
  synchronized int await(Duration time) {
    long end = System.nanoTime() + time.toNanos();
    while (sync == 0 && !running && !ended && failure.isEmpty() && !lost) {
      long left = (end - System.nanoTime()) / 1_000_000;
      if (left <= 0) {
        throw new ContainerException.Failed(
            "The launch did not come to its end within " + time.toSeconds() + " s");
      }
      try {
        wait(left);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new ContainerException.Failed("Interrupted while waiting for a launch", e);
      }
    }
    if (lost && failure.isEmpty()) {
      throw new ContainerException.Gone("The sandbox's monitor ended during the launch");
    }
    return failure.isPresent() ? -1 : sync;
  }
}

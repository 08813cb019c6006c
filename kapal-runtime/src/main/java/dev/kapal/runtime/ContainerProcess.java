package dev.kapal.runtime;

import java.time.Duration;
import java.util.Optional;
import java.util.function.Consumer;

/** A process of a container. Safe for use by several threads. */
public interface ContainerProcess {
  /** Its number within the sandbox. */
  int number();

  /** Its process id on the host; of no use once it has ended. */
  int pid();

  /**
   * Sends a signal to the process; does nothing when it has ended.
   *
   * @throws ContainerException if it cannot be sent
   */
  void signal(int signal);

  /**
   * Joins streams. What the process prints from now on goes to them.
   *
   * @throws ContainerException.WrongState if it has ended
   */
  Attachment attach(Streams streams);

  /**
   * Sets the size of its terminal.
   *
   * @throws ContainerException.WrongState if it has none or has ended
   */
  void resize(int rows, int columns);

  /** Closes its standard input; does nothing when it is closed. */
  void closeInput();

  /** Opens the log file anew, after it was renamed. */
  void reopenLog();

  /** How it ended; empty while it has not. */
  Optional<ExitStatus> exitStatus();

  /** Waits for its end; by then all its output has been delivered. */
  ExitStatus awaitExit() throws InterruptedException;

  /** Waits for its end for some time. */
  Optional<ExitStatus> awaitExit(Duration time) throws InterruptedException;

  /**
   * Calls back once, from a thread of the runtime, or at once when it has ended. The callback must
   * not block.
   */
  void onExit(Consumer<? super ExitStatus> listener);

  /** Drops an ended process and its record. Of a container: see {@link Container#delete}. */
  void forget();
}

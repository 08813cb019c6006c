package dev.kapal.network;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/**
 * Starts a program of the host, feeds it, and waits for it: the only way in which this module
 * starts any process, so that a test can put all of them into a network namespace of its own.
 */
@FunctionalInterface
public interface PluginRunner {
  /**
   * Runs a program to its end. One that overruns its time is killed with its descendants.
   *
   * @param argv program and arguments
   * @param environment all of it; nothing is inherited
   * @param input for standard input
   * @throws IOException when it cannot be started
   * @throws InterruptedException when the caller was interrupted; the program has been killed
   */
  Outcome run(List<String> argv, Map<String, String> environment, byte[] input, Duration timeout)
      throws IOException, InterruptedException;

  /** Starts programs in the namespaces of this process. */
  static PluginRunner direct() {
    return new DirectRunner();
  }

  /**
   * How a program ended.
   *
   * @param exitCode 128 + n when killed by signal n
   * @param timedOut it was killed because it overran its time
   * @param output standard output, at most 1 MiB of it
   * @param errors standard error, at most 64 KiB of it
   * @param truncated the output was longer
   */
  record Outcome(int exitCode, boolean timedOut, String output, String errors, boolean truncated) {}
}

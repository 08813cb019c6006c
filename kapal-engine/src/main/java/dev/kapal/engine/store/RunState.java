package dev.kapal.engine.store;

import dev.kapal.engine.ContainerState;
import java.time.Instant;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * Where a container is in its life.
 *
 * @param phase where
 * @param pid while it runs
 * @param exitCode of its last run
 * @param oomKilled in its last run
 * @param error why it could not start or be removed
 * @param started when its last run began
 * @param finished when its last run ended
 * @param restartCount restarts by its policy in a row
 * @param stopRequested somebody wants it stopped: its policy does not start it
 * @param runs how often it was started; numbers its sandboxes
 */
public record RunState(
    ContainerState phase,
    OptionalInt pid,
    int exitCode,
    boolean oomKilled,
    Optional<String> error,
    Optional<Instant> started,
    Optional<Instant> finished,
    int restartCount,
    boolean stopRequested,
    int runs) {

  /** Of a new container. */
  public static final RunState CREATED =
      new RunState(
          ContainerState.CREATED,
          OptionalInt.empty(),
          0,
          false,
          Optional.empty(),
          Optional.empty(),
          Optional.empty(),
          0,
          false,
          0);

  public RunState running(int pid, Instant at) {
    return new RunState(
        ContainerState.RUNNING,
        OptionalInt.of(pid),
        0,
        false,
        Optional.empty(),
        Optional.of(at),
        finished,
        restartCount,
        false,
        runs + 1);
  }

  public RunState ended(int code, boolean oom, Optional<String> why, Instant at) {
    return new RunState(
        ContainerState.EXITED,
        OptionalInt.empty(),
        code,
        oom,
        why,
        started,
        // A short run may end before its runtime has said that it began.
        Optional.of(started.filter(at::isBefore).orElse(at)),
        restartCount,
        stopRequested,
        runs);
  }

  /** A start that did not succeed: as Docker has it, a created container stays so. */
  public RunState failed(int code, String why) {
    return new RunState(
        phase == ContainerState.RESTARTING ? ContainerState.EXITED : phase,
        OptionalInt.empty(),
        code,
        false,
        Optional.of(why),
        started,
        finished,
        restartCount,
        stopRequested,
        runs);
  }

  public RunState withPhase(ContainerState phase) {
    return new RunState(
        phase,
        pid,
        exitCode,
        oomKilled,
        error,
        started,
        finished,
        restartCount,
        stopRequested,
        runs);
  }

  public RunState withError(String error) {
    return new RunState(
        phase,
        pid,
        exitCode,
        oomKilled,
        Optional.of(error),
        started,
        finished,
        restartCount,
        stopRequested,
        runs);
  }

  public RunState withStopRequested(boolean on) {
    return new RunState(
        phase, pid, exitCode, oomKilled, error, started, finished, restartCount, on, runs);
  }

  public RunState withRestartCount(int count) {
    return new RunState(
        phase, pid, exitCode, oomKilled, error, started, finished, count, stopRequested, runs);
  }
}

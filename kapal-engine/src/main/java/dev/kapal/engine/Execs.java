package dev.kapal.engine;

import dev.kapal.engine.spec.ExecSpec;
import dev.kapal.engine.spec.TerminalSize;
import java.util.OptionalInt;

/**
 * Further processes in running containers. An exec lives until some minutes after its end, or its
 * container's. One that runs is known to the next engine, too, when this one ends or is killed; who
 * was attached to it then has to see to it anew.
 */
public interface Execs {

  /**
   * Prepares an exec.
   *
   * @return its ID
   * @throws EngineException.Conflict the container does not run
   */
  String create(String containerId, ExecSpec spec);

  /**
   * Runs it.
   *
   * @throws EngineException.CommandFailure the program cannot be executed
   * @throws EngineException.Conflict it was started before
   */
  Attachment start(String execId, AttachRequest attach);

  /** Create and start in one. */
  Started run(String containerId, ExecSpec spec, AttachRequest attach);

  /** A started exec. */
  record Started(String id, Attachment attachment) {}

  /** Waits for its end. Returns the exit code; 128 + n after signal n. */
  int await(String execId) throws InterruptedException;

  /** Sets its terminal's size. */
  void resize(String execId, TerminalSize size);

  /** Sends it a signal. */
  void kill(String execId, String signal);

  /** What is known about it. */
  ExecInfo inspect(String execId);

  /** An exec; no exit code while it runs or has not been started. */
  record ExecInfo(
      String id,
      String containerId,
      ExecSpec spec,
      boolean running,
      OptionalInt pid,
      OptionalInt exitCode) {}
}

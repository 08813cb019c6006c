package dev.kapal.runtime;

import dev.kapal.linux.Fd;
import dev.kapal.oci.runtime.Process;
import java.util.List;
import java.util.Optional;

/**
 * A further process of a container.
 *
 * @param process what to run; its ids are numbers, its environment complete
 * @param input what it reads from
 * @param streams joined before it runs, so that nothing that it prints is missed
 * @param log where output is written
 * @param preserveFds descriptors that the process gets as 3, 4, …; they stay the caller's
 */
public record ExecSpec(
    Process process, Input input, Optional<Streams> streams, LogTarget log, List<Fd> preserveFds) {
  /** Copies the list. */
  public ExecSpec {
    preserveFds = List.copyOf(preserveFds);
  }

  /** Without input, streams, log and passed descriptors. */
  public static ExecSpec of(Process process) {
    return new ExecSpec(process, Input.NONE, Optional.empty(), LogTarget.NONE, List.of());
  }

  /** This, with another input. */
  public ExecSpec withInput(Input input) {
    return new ExecSpec(process, input, streams, log, preserveFds);
  }

  /** This, with streams. */
  public ExecSpec withStreams(Streams streams) {
    return new ExecSpec(process, input, Optional.of(streams), log, preserveFds);
  }
}

package dev.kapal.runtime.driver;

import dev.kapal.runtime.monitor.MonitoredProcess;
import dev.kapal.runtime.monitor.ProcessHost;
import java.util.concurrent.CompletableFuture;

/** A process that a monitor has launched a command for, such as {@code runc create}. */
public class LaunchedProcess extends MonitoredProcess {
  private final CompletableFuture<Integer> launcher = new CompletableFuture<>();
  private volatile int command;

  /** A process of a number that its sandbox has given. */
  public LaunchedProcess(ProcessHost sandbox, int number, boolean terminal) {
    super(sandbox, number, terminal);
  }

  /** The wait status of the command, when it has ended. */
  public final CompletableFuture<Integer> launcher() {
    return launcher;
  }

  /** Process id of the command, which leads its session; 0: not known. */
  public final int command() {
    return command;
  }

  /** The command has been executed. */
  public final void command(int pid) {
    command = pid;
  }
}

package dev.kapal.runtime.oci;

import dev.kapal.runtime.monitor.MonitoredProcess;
import dev.kapal.runtime.plan.LaunchPlan;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/** A process that a command-line runtime makes. */
class OciProcess extends MonitoredProcess {
  private final CompletableFuture<Integer> launcher = new CompletableFuture<>();
  private final OciSandbox sandbox;
  private volatile boolean adopted;
  private volatile int command;
  private volatile Optional<LaunchPlan> plan = Optional.empty();

  OciProcess(OciSandbox sandbox, int number, boolean terminal) {
    super(sandbox, number, terminal);
    this.sandbox = sandbox;
  }

  final OciSandbox owner() {
    return sandbox;
  }

  /** The wait status of the runtime's command, when it has ended. */
  final CompletableFuture<Integer> launcher() {
    return launcher;
  }

  /** Whether the monitor takes its number for the process itself, and not for the command. */
  final boolean adopted() {
    return adopted;
  }

  /** Process id of the runtime's command, which leads its session; 0: not known. */
  final int command() {
    return command;
  }

  final void command(int pid) {
    command = pid;
  }

  /** How the command was launched. */
  final Optional<LaunchPlan> plan() {
    return plan;
  }

  final void plan(LaunchPlan launched) {
    plan = Optional.of(launched);
  }

  final void adopted(int pid) {
    adopted = true;
    watch().pid(pid);
  }
}

package dev.kapal.runtime.oci;

import dev.kapal.runtime.driver.LaunchedProcess;
import dev.kapal.runtime.plan.LaunchPlan;
import java.util.Optional;

/** A process that a command-line runtime makes. */
class OciProcess extends LaunchedProcess {
  private final OciSandbox sandbox;
  private volatile boolean adopted;
  private volatile Optional<LaunchPlan> plan = Optional.empty();

  OciProcess(OciSandbox sandbox, int number, boolean terminal) {
    super(sandbox, number, terminal);
    this.sandbox = sandbox;
  }

  final OciSandbox owner() {
    return sandbox;
  }

  /** Whether the monitor takes its number for the process itself, and not for the command. */
  final boolean adopted() {
    return adopted;
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

package dev.kapal.runtime.monitor;

import dev.kapal.linux.FaultPoint;
import dev.kapal.oci.runtime.Namespace;
import dev.kapal.oci.runtime.Process;
import dev.kapal.oci.runtime.RuntimeConfigException;
import dev.kapal.oci.runtime.RuntimeConfigValidator;
import dev.kapal.runtime.ContainerException;
import dev.kapal.runtime.ContainerProcess;
import dev.kapal.runtime.ExecSpec;
import dev.kapal.runtime.Streams;
import dev.kapal.runtime.plan.ExecInputs;
import dev.kapal.runtime.plan.LaunchPlan;
import dev.kapal.runtime.plan.PlanCompiler;
import dev.kapal.runtime.plan.SeccompProgram;
import java.time.Duration;
import java.util.Optional;

/** Starts a further process in a container. */
final class Execution {
  private static final Duration LAUNCH = Duration.ofMinutes(1);

  private final NativeContainer container;
  private final NativeSandbox sandbox;
  private final ExecSpec spec;

  Execution(NativeContainer container, ExecSpec spec) {
    this.container = container;
    this.sandbox = container.owner();
    this.spec = spec;
    try {
      RuntimeConfigValidator.check(spec.process());
    } catch (RuntimeConfigException e) {
      throw new ContainerException.Invalid(String.valueOf(e.getMessage()), e);
    }
  }

  ContainerProcess run() {
    Process process = spec.process();
    Optional<SeccompProgram> seccomp =
        container
            .linux()
            .seccomp()
            .map(s -> sandbox.host().seccomp().program(s, sandbox.host().facts().arch()));
    LaunchPlan plan =
        PlanCompiler.exec(
            container.config(),
            process,
            sandbox.host().facts(),
            inputs(
                container,
                Creation.stdio(process, spec.input()),
                spec.preserveFds().size(),
                seccomp));
    NativeProcess exec = new NativeProcess(sandbox, sandbox.nextNumber(), process.terminal());
    container.addExec(exec);
    FaultPoint.reach("exec.known");
    try {
      new Launch(sandbox, exec, plan, spec.log(), spec.input(), Optional.of(container.cgroup()))
          .start(spec.preserveFds(), spec.streams().isPresent());
      FaultPoint.reach("exec.launched");
      spec.streams().ifPresent(s -> attach(exec, s));
      FaultPoint.reach("exec.attached");
      if (exec.watch().await(LAUNCH) < 0) {
        LaunchWatch.Failure failure = exec.watch().failure().orElseThrow();
        throw LaunchErrors.explain("a process in container " + container.id(), plan, failure);
      }
      FaultPoint.reach("exec.runs");
      return exec;
    } catch (RuntimeException e) {
      undo(exec, e);
      throw e;
    }
  }

  private static void attach(NativeProcess exec, Streams streams) {
    try {
      exec.attach(streams);
    } catch (ContainerException.WrongState e) {
      // Of a launch that has failed already, the watch knows why.
      if (exec.watch().await(LAUNCH) >= 0) {
        throw e;
      }
    }
  }

  private void undo(NativeProcess exec, RuntimeException cause) {
    try {
      if (exec.launched() && exec.watch().failure().isEmpty() && exec.exitStatus().isEmpty()) {
        exec.signal(9);
        var _ = exec.awaitExit(NativeSandbox.KILL);
      }
      sandbox.forget(exec.number());
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    } catch (RuntimeException e) {
      cause.addSuppressed(e);
    }
  }

  static ExecInputs inputs(
      NativeContainer container, int stdio, int preserved, Optional<SeccompProgram> seccomp) {
    Host host = container.owner().host();
    long namespaces = 0;
    for (Namespace ns : container.linux().namespaces()) {
      namespaces |= ns.type().cloneFlag();
    }
    boolean into = CgroupPaths.cloneInto(host, container.cgroup());
    return new ExecInputs(
        container.pid(),
        namespaces,
        CgroupPaths.directories(container.cgroup(), into),
        into,
        stdio,
        preserved,
        true,
        container.id(),
        seccomp);
  }
}

package dev.kapal.runtime.monitor;

import dev.kapal.linux.Descriptors;
import dev.kapal.linux.ErrnoException;
import dev.kapal.oci.runtime.Hook;
import dev.kapal.runtime.ExitStatus;
import dev.kapal.runtime.Input;
import dev.kapal.runtime.LogTarget;
import dev.kapal.runtime.Streams;
import dev.kapal.runtime.plan.LaunchPlan;
import dev.kapal.runtime.plan.PlanCompiler;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * Runs a hook in the container's namespaces, as a process of its own that joins them: before the
 * pivot it finds the host's files (createContainer), after it the container's (startContainer).
 */
final class ContainerHook {
  private static final Duration LAUNCH = Duration.ofMinutes(1);
  private static final Duration LONGEST = Duration.ofDays(1);

  private final NativeContainer container;
  private final NativeSandbox sandbox;

  ContainerHook(NativeContainer container) {
    this.container = container;
    this.sandbox = container.owner();
  }

  void run(String kind, Hook hook, boolean restricted, byte[] state) {
    LaunchPlan plan =
        PlanCompiler.hook(
            container.config(),
            hook,
            restricted,
            sandbox.host().facts(),
            Execution.inputs(container, 1, 0, Optional.empty()));
    NativeProcess process = new NativeProcess(sandbox, sandbox.nextNumber(), false);
    sandbox.register(process);
    try (Descriptors.Pipe pipe = sandbox.host().linux().descriptors().pipe(0)) {
      new Launch(
              sandbox, process, plan, LogTarget.NONE, Input.ONCE, Optional.of(container.cgroup()))
          .start(List.of(), false);
      if (process.watch().await(LAUNCH) < 0) {
        throw HookRunner.failed(
            kind,
            hook,
            LaunchErrors.explain("the hook", plan, process.watch().failure().orElseThrow())
                    .getMessage()
                + "");
      }
      feed(process, pipe, state);
      Optional<ExitStatus> exit =
          process.awaitExit(hook.timeout().map(Duration::ofSeconds).orElse(LONGEST));
      if (exit.isEmpty()) {
        process.signal(9);
        var _ = process.awaitExit(NativeSandbox.KILL);
        throw HookRunner.failed(
            kind, hook, "it did not end within " + hook.timeout().orElse(0) + " s and was killed");
      }
      if (exit.get().code() != 0) {
        throw HookRunner.failed(kind, hook, "it ended with code " + exit.get().code());
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw HookRunner.failed(kind, hook, "interrupted");
    } catch (ErrnoException e) {
      throw HookRunner.failed(kind, hook, String.valueOf(e.getMessage()));
    } finally {
      sandbox.forget(process.number());
    }
  }

  private void feed(NativeProcess process, Descriptors.Pipe pipe, byte[] state) {
    if (process.exitStatus().isPresent()) {
      return;
    }
    try {
      process.attach(new Streams(Optional.of(pipe.reader()), Optional.empty(), Optional.empty()));
      sandbox.host().linux().descriptors().writeFully(pipe.writer(), state);
    } catch (ErrnoException | dev.kapal.runtime.ContainerException.WrongState _) {
      // It ended without reading: its own business.
    } finally {
      pipe.reader().close();
      pipe.writer().close();
    }
  }
}

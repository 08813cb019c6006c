package dev.kapal.runtime.monitor;

import dev.kapal.linux.Errno;
import dev.kapal.linux.ErrnoException;
import dev.kapal.oci.runtime.Hook;
import dev.kapal.oci.runtime.Hooks;
import dev.kapal.runtime.ContainerException;
import dev.kapal.runtime.ContainerProcess;
import dev.kapal.runtime.plan.LaunchPlan;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * A container's way through its SYNCs, and the hooks on that way (runtime.md, Lifecycle). Used
 * under the container's lock.
 */
final class Lifecycle {
  private static final Duration LAUNCH = Duration.ofMinutes(5);

  private final NativeContainer container;
  private Optional<LaunchPlan> plan = Optional.empty();

  Lifecycle(NativeContainer container) {
    this.container = container;
  }

  void created(LaunchPlan launched) {
    plan = Optional.of(launched);
    for (; ; ) {
      int sync = container.watch().await(LAUNCH);
      switch (sync) {
        case LaunchPlan.SYNC_MAPS ->
            UserMaps.write(
                container.owner().host().linux(),
                container.pid(),
                container.linux().uidMappings(),
                container.linux().gidMappings());
        case LaunchPlan.SYNC_HOOKS -> {
          Hooks hooks = container.config().hooks();
          hostHooks("prestart", hooks.prestart(), "creating");
          hostHooks("createRuntime", hooks.createRuntime(), "creating");
          containerHooks("createContainer", hooks.createContainer(), false, "creating");
        }
        case LaunchPlan.SYNC_START -> {
          return;
        }
        default -> throw failure();
      }
      release(sync);
    }
  }

  private void release(int sync) {
    container.watch().released();
    container
        .owner()
        .connection()
        .ask(Packet.of(Packet.CONTINUE, container.number(), sync), List.of());
  }

  private ContainerException failure() {
    LaunchPlan launched =
        plan.orElseThrow(
            () -> new ContainerException.Failed("Cannot start container " + container.id()));
    return container
        .watch()
        .failure()
        .<ContainerException>map(
            f -> LaunchErrors.explain("container " + container.id(), launched, f))
        .orElseGet(() ->
            new ContainerException.Failed(
                "Container " + container.id() + " ended before it was started"));
  }

  void start() {
    Hooks hooks = container.config().hooks();
    containerHooks("startContainer", hooks.startContainer(), true, "created");
    release(LaunchPlan.SYNC_START);
    int sync = container.watch().await(LAUNCH);
    if (sync == LaunchPlan.SYNC_LISTENER) {
      new SeccompListener(container).pass();
      release(sync);
      sync = container.watch().await(LAUNCH);
    }
    if (sync < 0) {
      ContainerException failure = plan.isPresent() ? failure() : recompiledFailure();
      container.ended(
          127 << 8,
          System.currentTimeMillis() * 1_000_000L,
          Optional.of(String.valueOf(failure.getMessage())));
      throw failure;
    }
    try {
      hostHooks("poststart", hooks.poststart(), "running");
    } catch (ContainerException.HookFailed e) {
      container.signal(9);
      throw e;
    }
  }

  /** After a reconnection the plan is not at hand. */
  private ContainerException recompiledFailure() {
    LaunchWatch.Failure f = container.watch().failure().orElseThrow();
    Errno errno = Errno.of(f.errno());
    return new ContainerException.LaunchFailed(
        "Cannot start container "
            + container.id()
            + ": "
            + errno.message()
            + " ("
            + errno.name()
            + ")",
        errno.equals(Errno.ENOENT)
            ? ContainerException.LaunchFailed.Kind.NOT_FOUND
            : ContainerException.LaunchFailed.Kind.NOT_EXECUTABLE,
        Optional.empty(),
        errno.name());
  }

  private byte[] state(String status) {
    return HookRunner.state(
        container.id(),
        status,
        status.equals("stopped") ? 0 : container.pid(),
        container.bundle(),
        container.config().annotations());
  }

  private void hostHooks(String kind, List<Hook> hooks, String status) {
    if (!hooks.isEmpty()) {
      container.owner().host().hooks().run(kind, hooks, state(status));
    }
  }

  private void containerHooks(String kind, List<Hook> hooks, boolean restricted, String status) {
    for (Hook hook : hooks) {
      new ContainerHook(container).run(kind, hook, restricted, state(status));
    }
  }

  /** Kills what runs, and waits for its end. */
  void end() {
    if (container.exitStatus().isEmpty() && container.watch().failure().isEmpty()) {
      container.killCgroup();
      try {
        container.signal(9);
      } catch (ContainerException.Gone _) {
        // Then it has been killed with its monitor.
      }
    } else if (!container.pids().isEmpty()) {
      container.killCgroup();
    }
    try {
      awaitEnd();
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    } catch (ErrnoException e) {
      throw new ContainerException.Failed(
          "Container " + container.id() + " cannot be killed: " + e.getMessage(), e);
    }
  }

  private void awaitEnd() throws InterruptedException {
    long end = System.nanoTime() + NativeSandbox.KILL.toNanos();
    while (container.exitStatus().isEmpty()
        && container.watch().failure().isEmpty()
        && container.owner().alive()) {
      if (System.nanoTime() > end) {
        throw new ContainerException.Failed(
            "Container " + container.id() + " does not end although it was killed");
      }
      if (container.watch().sync() != 0 || !container.watch().isRunning()) {
        Thread.sleep(1);
      } else {
        var _ = container.awaitExit(Duration.ofMillis(100));
      }
    }
    for (ContainerProcess process : container.processes()) {
      if (container.owner().alive()) {
        var _ = process.awaitExit(NativeSandbox.KILL);
      }
    }
  }

  /** poststop hooks: their failure is logged only, as the specification says. */
  void deleted() {
    List<Hook> hooks = container.config().hooks().poststop();
    for (Hook hook : hooks) {
      try {
        container.owner().host().hooks().run("poststop", List.of(hook), state("stopped"));
      } catch (ContainerException e) {
        System.getLogger(Lifecycle.class.getName())
            .log(
                System.Logger.Level.WARNING,
                new String(
                    String.valueOf(e.getMessage()).getBytes(StandardCharsets.UTF_8),
                    StandardCharsets.UTF_8));
      }
    }
  }
}

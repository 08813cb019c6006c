package dev.kapal.runtime.dropin;

import dev.kapal.linux.Cgroup;
import dev.kapal.linux.ExitStatus;
import dev.kapal.linux.Fd;
import dev.kapal.linux.Linux;
import dev.kapal.linux.Signals;
import dev.kapal.oci.runtime.Hook;
import dev.kapal.oci.runtime.RuntimeConfig;
import dev.kapal.runtime.monitor.HookRunner;
import dev.kapal.runtime.monitor.LaunchErrors;
import dev.kapal.runtime.plan.LaunchPlan;
import dev.kapal.runtime.plan.PlanCompiler;
import dev.kapal.runtime.plan.SeccompProgram;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Runs hooks as children of the thin program: in the caller's namespaces, as the specification
 * says, and not in the daemon's (config.md, POSIX-platform Hooks).
 */
final class HookCalls {
  private static final int MOST_SAID = 1024;
  private static final int SIGSYS = 31;

  private final DropInHost host;
  private final Front front;
  private final Launcher launcher;
  private final ContainerRecord record;
  private final RuntimeConfig config;

  HookCalls(Session session, ContainerRecord record, RuntimeConfig config) {
    this.host = session.host();
    this.front = session.front();
    this.launcher = session.launcher();
    this.record = record;
    this.config = config;
  }

  private byte[] state(String status, int pid) {
    return HookRunner.state(record.id(), status, pid, record.bundle(), record.annotations());
  }

  /** Hooks of the host's side. */
  void outside(String kind, List<Hook> hooks, String status, int pid) {
    for (int i = 0; i < hooks.size(); i++) {
      Hook hook = hooks.get(i);
      run(
          kind + " hook #" + i,
          hook,
          PlanCompiler.hook(hook, host.facts()),
          Launcher.Supplies.NOTHING,
          state(status, pid));
    }
  }

  /**
   * Hooks in the container's namespaces.
   *
   * @param restricted whether with the rights and the root of the container's process
   */
  void inside(
      String kind, List<Hook> hooks, boolean restricted, String status, int pid, Cgroup cgroup) {
    RuntimeConfig whole = restricted && !hooks.isEmpty() ? completed(pid) : config;
    for (int i = 0; i < hooks.size(); i++) {
      Hook hook = hooks.get(i);
      LaunchPlan plan =
          PlanCompiler.hook(
              whole,
              hook,
              restricted,
              host.facts(),
              Execution.inputs(
                  host,
                  config,
                  record,
                  pid,
                  new ExecGroups(cgroup, Map.of()),
                  0,
                  0,
                  restricted ? filter() : Optional.empty()));
      run(kind + " hook #" + i, hook, plan, Launcher.Supplies.of(cgroup), state(status, pid));
    }
  }

  /** With the variables that the container's process has. */
  private RuntimeConfig completed(int pid) {
    return config
        .process()
        .map(p -> config.withProcess(Environment.complete(p, Environment.users(host.linux(), pid))))
        .orElse(config);
  }

  /** The container's own; one whose listener would have to be passed on is not for a hook. */
  private Optional<SeccompProgram> filter() {
    return config
        .linux()
        .flatMap(dev.kapal.oci.runtime.Linux::seccomp)
        .map(s -> host.seccomp().program(s, host.facts().arch()))
        .filter(program -> !program.listener());
  }

  private void run(
      String what, Hook hook, LaunchPlan plan, Launcher.Supplies supplies, byte[] state) {
    Linux linux = host.linux();
    try (Fd in = linux.memfds().create("kapal-state", state);
        Fd err = linux.memfds().createWritable("kapal-said")) {
      List<Front.Stream> streams =
          List.of(
              new Front.Stream.Ours(in), new Front.Stream.Ours(err), new Front.Stream.Ours(err));
      int launch = launcher.start(plan, 0, streams, supplies);
      Optional<Duration> time = hook.timeout().map(Duration::ofSeconds);
      Optional<Front.Event> event = front.next(launch, time);
      String failed = "";
      while (!(event.isPresent() && event.get() instanceof Front.Event.Exited)) {
        if (event.isEmpty()) {
          failed = "it did not end within " + hook.timeout().orElse(0) + " s and was killed";
          front.kill(launch, 9);
        } else if (event.get() instanceof Front.Event.Failed f) {
          failed = String.valueOf(LaunchErrors.explain("it", plan, f.failure()).getMessage());
        }
        event = front.next(launch, failed.isEmpty() ? time : Optional.empty());
      }
      int status = ((Front.Event.Exited) event.get()).status();
      if (failed.isEmpty() && status != 0) {
        failed = ending(ExitStatus.ofWaitStatus(status)) + said(err);
      }
      if (!failed.isEmpty()) {
        throw new CommandFailed("error running " + what + ": " + hook.path() + ": " + failed);
      }
    }
  }

  private static String ending(ExitStatus status) {
    return switch (status) {
      case ExitStatus.Exited(int code) -> "it ended with code " + code;
      // A filter's own: callers look for the words.
      case ExitStatus.Signaled(int signal, boolean _) ->
          "it was killed by "
              + Signals.name(signal)
              + (signal == SIGSYS ? " (bad system call)" : "");
    };
  }

  private String said(Fd err) {
    byte[] bytes = new byte[MOST_SAID];
    int got = host.linux().descriptors().pread(err, bytes, 0, bytes.length, 0);
    String text = new String(bytes, 0, got, StandardCharsets.UTF_8).strip();
    return text.isEmpty() ? "" : " and said: " + text;
  }
}

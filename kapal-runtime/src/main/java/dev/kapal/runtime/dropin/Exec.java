package dev.kapal.runtime.dropin;

import static dev.kapal.linux.Fcntl.*;

import dev.kapal.linux.ErrnoException;
import dev.kapal.linux.ExitStatus;
import dev.kapal.linux.Fd;
import dev.kapal.oci.runtime.Process;
import dev.kapal.oci.runtime.RuntimeConfigJson;
import dev.kapal.oci.runtime.RuntimeConfigValidator;
import dev.kapal.runtime.monitor.LaunchWatch;
import dev.kapal.runtime.plan.LaunchPlan;
import dev.kapal.runtime.plan.PlanCompiler;
import dev.kapal.runtime.plan.SeccompProgram;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** {@code exec}: a further process in a container. */
final class Exec {
  static final Flags.Spec SPEC =
      new Flags.Spec(
          Set.of("tty", "detach", "no-new-privs", "ignore-paused", "no-subreaper"),
          Set.of(
              "process",
              "cwd",
              "env",
              "user",
              "additional-gids",
              "cap",
              "pid-file",
              "console-socket",
              "pidfd-socket",
              "process-label",
              "apparmor",
              "preserve-fds",
              "cgroup"),
          Map.of(
              "t",
              "tty",
              "d",
              "detach",
              "p",
              "process",
              "e",
              "env",
              "u",
              "user",
              "g",
              "additional-gids",
              "c",
              "cap"),
          false);

  private final Session session;
  private final Flags flags;

  Exec(Session session, Flags flags) {
    this.session = session;
    this.flags = flags;
  }

  /** The exit code; 255 is that of everything that keeps the process from running. */
  int run() {
    try {
      return execute();
    } catch (CommandFailed e) {
      throw new CommandFailed(String.valueOf(e.getMessage()), e, 255);
    }
  }

  private int execute() {
    try (Kept kept = session.store().get(flags.argument(0, "the container's ID"))) {
      allow(kept.status());
      Process process =
          Environment.complete(
              process(kept), Environment.users(session.host().linux(), kept.record().pid()));
      RuntimeConfigValidator.check(process);
      boolean detached = flags.is("detach");
      Terminal terminal =
          Terminal.of(session, process.terminal(), detached, flags.value("console-socket"));
      DropInHost host = session.host();
      Optional<SeccompProgram> seccomp =
          kept.linux().seccomp().map(s -> host.seccomp().program(s, host.facts().arch()));
      ExecGroups groups = ExecGroups.of(session, kept, flags.all("cgroup"));
      LaunchPlan plan =
          PlanCompiler.exec(
              kept.config(),
              process,
              host.facts(),
              Execution.inputs(
                  host,
                  kept.config(),
                  kept.record(),
                  kept.record().pid(),
                  groups,
                  terminal.stdio(),
                  flags.count("preserve-fds"),
                  seccomp));
      int launch =
          session
              .launcher()
              .start(
                  plan,
                  terminal.flags() | (detached ? Front.STAYS : 0),
                  terminal.streams(),
                  Launcher.Supplies.of(groups.cgroup()));
      int pid = follow(kept, plan, terminal, launch);
      session.console().debug("the process is " + pid + ", in " + groups.cgroup().path());
      Handover.process(session, flags.value("pidfd-socket"), pid);
      flags.value("pid-file").ifPresent(file -> PidFile.write(session, file, pid));
      return detached ? 0 : ExitStatus.ofWaitStatus(Foreground.await(session, launch)).shellCode();
    }
  }

  private void allow(Kept.Status status) {
    switch (status) {
      case STOPPED, CREATING -> throw new CommandFailed("cannot exec in a stopped container", 255);
      case PAUSED -> {
        if (!flags.is("ignore-paused")) {
          throw new CommandFailed(
              "cannot exec in a paused container (use --ignore-paused to override)", 255);
        }
      }
      case CREATED, RUNNING -> {}
    }
  }

  /** Waits until it runs; its process id. */
  private int follow(Kept kept, LaunchPlan plan, Terminal terminal, int launch) {
    Optional<LaunchWatch.Failure> failure = Optional.empty();
    Optional<Fd> listener = Optional.empty();
    try {
      for (; ; ) {
        switch (session.front().next(launch)) {
          case Front.Event.Running(int pid) -> {
            return pid;
          }
          case Front.Event.Sent(int tag, Optional<Fd> descriptor) -> {
            if (tag == 1) {
              terminal.take(descriptor);
            } else {
              listener = descriptor;
            }
          }
          case Front.Event.Sync(int pid, int sync) -> {
            if (sync == LaunchPlan.SYNC_HOOKS) {
              ResourceControl.find(session, kept.linux().intelRdt(), kept.id())
                  .ifPresent(r -> r.join(pid));
            } else if (listener.isPresent()) {
              Starter.pass(session.host().linux(), kept, listener.get(), pid);
            }
            session.front().release(launch);
          }
          case Front.Event.Failed(var what) -> {
            failure = Optional.of(what);
            if (what.part() == LaunchPlan.PART_CHECK || what.part() == LaunchPlan.PART_CLONE) {
              throw failed(plan, what);
            }
          }
          case Front.Event.Exited _ ->
              throw failed(
                  plan, failure.orElse(new LaunchWatch.Failure(LaunchPlan.PART_CLONE, 0, 3)));
        }
      }
    } finally {
      listener.ifPresent(Fd::close);
    }
  }

  private static CommandFailed failed(LaunchPlan plan, LaunchWatch.Failure failure) {
    CommandFailed why = ProgramErrors.explain("a process in the container", plan, failure);
    return new CommandFailed("exec failed: " + why.getMessage(), 255);
  }

  private Process process(Kept kept) {
    Optional<String> file = flags.value("process");
    if (file.isPresent()) {
      Process read = RuntimeConfigJson.readProcess(read(file.get()));
      return flags.is("tty") ? read.withTerminal(true) : read;
    }
    Process base = kept.config().process().orElse(Process.empty());
    List<String> words = flags.arguments();
    if (words.size() < 2) {
      throw new CommandFailed("process args cannot be empty", 255);
    }
    List<String> env = new ArrayList<>(base.env());
    env.addAll(flags.all("env"));
    Process process =
        base.withArgs(words.subList(1, words.size()))
            .withEnv(env)
            .withTerminal(flags.is("tty"))
            .withCapabilities(
                capabilities(
                    base.capabilities().orElseGet(() -> Process.Capabilities.of(List.of()))))
            .withUser(Users.of(base.user(), flags.value("user"), flags.all("additional-gids")));
    if (flags.value("cwd").isPresent()) {
      process = process.withCwd(flags.value("cwd").get());
    }
    if (flags.is("no-new-privs")) {
      process = process.withNoNewPrivileges(true);
    }
    if (flags.value("apparmor").isPresent()) {
      process = process.withApparmorProfile(flags.value("apparmor").get());
    }
    if (flags.value("process-label").isPresent()) {
      process = process.withSelinuxLabel(flags.value("process-label").get());
    }
    return process;
  }

  /**
   * Nothing becomes inheritable by this (CVE-2022-29162), and ambient only what is that already.
   */
  private Process.Capabilities capabilities(Process.Capabilities base) {
    List<String> more = flags.all("cap");
    return more.isEmpty()
        ? base
        : new Process.Capabilities(
            with(base.bounding(), more),
            with(base.effective(), more),
            base.inheritable(),
            with(base.permitted(), more),
            with(base.ambient(), more.stream().filter(base.inheritable()::contains).toList()));
  }

  private static List<String> with(List<String> names, List<String> more) {
    List<String> all = new ArrayList<>(names);
    more.stream().filter(n -> !all.contains(n)).forEach(all::add);
    return all;
  }

  private byte[] read(String path) {
    try (Fd fd =
        session
            .host()
            .linux()
            .descriptors()
            .openat(session.command().directory(), session.command().file(path), O_RDONLY)) {
      return session.host().linux().descriptors().readFully(fd, RuntimeConfigJson.MAX_BYTES);
    } catch (ErrnoException e) {
      throw new CommandFailed("the process cannot be read: " + e.getMessage(), 255);
    }
  }
}

package dev.kapal.runtime.oci;

import static dev.kapal.linux.Fcntl.O_RDONLY;

import dev.kapal.linux.Descriptors;
import dev.kapal.linux.Errno;
import dev.kapal.linux.ErrnoException;
import dev.kapal.linux.ExitStatus;
import dev.kapal.linux.Fd;
import dev.kapal.linux.Linux;
import dev.kapal.runtime.ContainerException;
import dev.kapal.runtime.Input;
import dev.kapal.runtime.LogTarget;
import dev.kapal.runtime.Streams;
import dev.kapal.runtime.driver.HostCommand;
import dev.kapal.runtime.driver.LaunchPacket;
import dev.kapal.runtime.driver.RuntimeMessages;
import dev.kapal.runtime.driver.Strays;
import dev.kapal.runtime.driver.Trees;
import dev.kapal.runtime.monitor.LaunchWatch;
import dev.kapal.runtime.monitor.Packet;
import dev.kapal.runtime.plan.LaunchPlan;
import dev.kapal.runtime.plan.LauncherPlan;
import dev.kapal.runtime.plan.Step;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Has the monitor run {@code create} or {@code exec --detach} and adopt the process that it makes.
 * Output is held back until then: a command that complains does so to us, not into the container's
 * streams.
 *
 * @param process to be made
 * @param doing the rest of the sentence "Cannot …"
 * @param before arguments in front of --pid-file
 * @param last the container's id
 * @param terminal whether it gets one
 * @param root the overlay to mount
 * @param input what it reads from
 * @param log where output is written
 * @param streams joined before it can print
 * @param preserved descriptors to pass
 * @param member what stands for a container that has no process of its own; empty: it has one
 */
record OciLaunch(
    OciProcess process,
    String doing,
    List<String> before,
    String last,
    boolean terminal,
    Optional<LauncherPlan.Root> root,
    Input input,
    LogTarget log,
    Optional<Streams> streams,
    List<Fd> preserved,
    Optional<OciMember> member) {
  private static final Duration END = Duration.ofSeconds(10);
  private static final int SAID = 64 << 10;

  /** Returns when the process has been made and adopted. */
  void run() {
    OciSandbox sandbox = process.owner();
    Linux linux = sandbox.host().linux();
    String pidFile = "pid." + process.number();
    String logFile = "log." + process.number();
    Trees.remove(linux, sandbox.files().directory(), pidFile);
    try (Console console = new Console(sandbox, terminal, process.number())) {
      List<String> arguments = new ArrayList<>();
      arguments.add(sandbox.host().config().binary().toString());
      arguments.addAll(sandbox.globals(logFile));
      arguments.addAll(before);
      arguments.addAll(List.of("--pid-file", sandbox.path(pidFile)));
      console.socket().ifPresent(s -> arguments.addAll(List.of("--console-socket", s.path())));
      if (!preserved.isEmpty()) {
        arguments.addAll(List.of("--preserve-fds", Integer.toString(preserved.size())));
      }
      arguments.add(last);
      send(sandbox, member.map(m -> m.around(sandbox.path(pidFile), arguments)).orElse(arguments));
      ExitStatus exit = awaitLauncher(sandbox);
      if (exit.shellCode() != 0) {
        throw failed(sandbox, logFile, exit);
      }
      adopt(sandbox, pidFile, console);
    } finally {
      Trees.remove(linux, sandbox.files().directory(), pidFile);
      Trees.remove(linux, sandbox.files().directory(), logFile);
    }
  }

  /** The socket, where there is a terminal. */
  private record Console(Optional<ConsoleSocket> socket) implements AutoCloseable {
    Console(OciSandbox sandbox, boolean terminal, int number) {
      this(
          terminal
              ? Optional.of(
                  new ConsoleSocket(
                      sandbox.host().linux(),
                      sandbox.files().directory(),
                      sandbox.stateDirectory(),
                      "console." + number))
              : Optional.empty());
    }

    @Override
    public void close() {
      socket.ifPresent(ConsoleSocket::close);
    }
  }

  private void send(OciSandbox sandbox, List<String> arguments) {
    int stdio = terminal ? 8 : (input == Input.NONE ? 0 : 1) | 2 | 4;
    LaunchPlan plan =
        new LauncherPlan(
                member.isPresent() ? OciMember.PROGRAM : arguments.getFirst(),
                arguments,
                List.of(HostCommand.PATH, sandbox.mark(process.number())),
                root,
                stdio,
                preserved.size())
            .compile(sandbox.host().facts());
    int flags =
        LaunchPacket.LAUNCHER | LaunchPacket.HOLD | (input == Input.KEEP ? LaunchPacket.KEEP : 0);
    Packet packet = LaunchPacket.launch(process.number(), log, flags);
    try (Fd memfd = sandbox.host().linux().memfds().create("kapal-plan", plan.encode())) {
      List<Fd> all = new ArrayList<>(List.of(memfd));
      all.addAll(preserved);
      process.plan(plan);
      process.command((int) process.launch(packet, all, log).value());
    } catch (ErrnoException e) {
      throw new ContainerException.Failed("Cannot " + doing + ": " + e.getMessage(), e);
    }
  }

  private ExitStatus awaitLauncher(OciSandbox sandbox) {
    Duration limit = sandbox.host().config().createTimeout();
    try {
      return ExitStatus.ofWaitStatus(
          process.launcher().get(limit.toMillis(), TimeUnit.MILLISECONDS));
    } catch (TimeoutException _) {
      throw new ContainerException.Failed(
          "Cannot "
              + doing
              + ": "
              + sandbox.host().binary().title()
              + " did not answer within "
              + HostCommand.seconds(limit)
              + "; it was killed. Try the command by hand, or raise the create time-out");
    } catch (ExecutionException e) {
      throw process
          .watch()
          .failure()
          .map(f -> notLaunched(sandbox, f))
          .orElseGet(() ->
              new ContainerException.Gone(
                  "Cannot " + doing + ": the sandbox's monitor ended meanwhile", e));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new ContainerException.Failed("Cannot " + doing + ": interrupted", e);
    }
  }

  private ContainerException notLaunched(OciSandbox sandbox, LaunchWatch.Failure failure) {
    Errno errno = Errno.of(failure.errno());
    Optional<Step> step = process.plan().flatMap(p -> p.step(failure.part(), failure.step()));
    if (step.filter(s -> s.op() == dev.kapal.runtime.plan.Op.EXEC).isPresent()) {
      return sandbox.host().binary().notExecutable(doing, errno);
    }
    return new ContainerException.LaunchFailed(
        "Cannot "
            + doing
            + ": cannot "
            + step.map(Step::purpose).orElse("make its process")
            + ": "
            + errno.message()
            + " ("
            + errno.name()
            + ")",
        ContainerException.LaunchFailed.Kind.SETUP,
        step.map(Step::print),
        errno.name());
  }

  private ContainerException failed(OciSandbox sandbox, String logFile, ExitStatus exit) {
    String log =
        sandbox.files().read(logFile).map(b -> new String(b, StandardCharsets.UTF_8)).orElse("");
    return sandbox.commandFailed(doing, exit, RuntimeMessages.error(log, said(sandbox)));
  }

  /** What the command printed, which the monitor has held back. */
  private String said(OciSandbox sandbox) {
    if (terminal) {
      return "";
    }
    Linux linux = sandbox.host().linux();
    try (Descriptors.Pipe pipe = linux.descriptors().pipe(0)) {
      process.attach(Streams.outputs(pipe.writer(), pipe.writer()));
      pipe.writer().close();
      abandon(process);
      var _ = process.awaitExit(END);
      linux.sockets().nonBlocking(pipe.reader(), true);
      byte[] bytes = new byte[SAID];
      int length = 0;
      for (int got; length < SAID; length += got) {
        got = linux.descriptors().read(pipe.reader(), bytes, length, SAID - length);
        if (got <= 0) {
          break;
        }
      }
      return new String(bytes, 0, length, StandardCharsets.UTF_8);
    } catch (ErrnoException | ContainerException _) {
      return "";
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
      return "";
    }
  }

  private void adopt(OciSandbox sandbox, String pidFile, Console console) {
    int pid = pid(sandbox, pidFile);
    Optional<Fd> master = console.socket().flatMap(ConsoleSocket::take);
    try {
      if (terminal && master.isEmpty()) {
        throw lied(sandbox, "it sent no terminal to the console socket");
      }
      streams.ifPresent(process::attach);
      sandbox
          .connection()
          .ask(
              Packet.of(Packet.ADOPT, process.number(), pid),
              master.map(List::of).orElse(List.of()));
      process.adopted(pid);
    } catch (ErrnoException e) {
      throw lied(
          sandbox,
          "its pid file names process "
              + pid
              + (e.is(Errno.ECHILD, Errno.EEXIST)
                  ? ", which it did not start"
                  : ": " + e.errno().message()));
    } finally {
      master.ifPresent(Fd::close);
    }
  }

  private int pid(OciSandbox sandbox, String pidFile) {
    try (Fd file =
        sandbox
            .host()
            .linux()
            .descriptors()
            .openat(sandbox.files().directory(), pidFile, O_RDONLY)) {
      byte[] bytes = new byte[64];
      int length =
          Math.max(0, sandbox.host().linux().descriptors().read(file, bytes, 0, bytes.length));
      String text = new String(bytes, 0, length, StandardCharsets.US_ASCII).strip();
      if (!text.matches("[1-9][0-9]{0,8}")) {
        throw lied(sandbox, "its pid file holds no process id");
      }
      return Integer.parseInt(text);
    } catch (ErrnoException _) {
      throw lied(sandbox, "it wrote no pid file");
    }
  }

  private ContainerException lied(OciSandbox sandbox, String what) {
    return new ContainerException.Failed(
        "Cannot "
            + doing
            + ": "
            + sandbox.host().binary().title()
            + " says that it succeeded, but "
            + what
            + "; is it an OCI runtime?");
  }

  /**
   * There is no process: its number ends as the command did. Kills the command if it still runs.
   */
  static void abandon(OciProcess process) {
    OciSandbox sandbox = process.owner();
    if (process.adopted() || !process.launched() || process.exitStatus().isPresent()) {
      return;
    }
    if (!process.launcher().isDone()) {
      Strays.kill(sandbox.host().linux(), process.command(), sandbox.mark(process.number()));
      try {
        var _ = process.launcher().get(END.toMillis(), TimeUnit.MILLISECONDS);
      } catch (ExecutionException | TimeoutException _) {
        return;
      } catch (InterruptedException _) {
        Thread.currentThread().interrupt();
        return;
      }
    }
    if (process.watch().failure().isPresent()) {
      return;
    }
    Strays.kill(sandbox.host().linux(), 0, sandbox.mark(process.number()));
    try {
      sandbox.connection().ask(Packet.of(Packet.ADOPT, process.number(), 0), List.of());
    } catch (ErrnoException | ContainerException.Gone _) {
      // It has ended meanwhile.
    }
  }
}

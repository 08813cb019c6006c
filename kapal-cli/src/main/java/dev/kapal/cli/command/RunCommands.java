package dev.kapal.cli.command;

import static dev.kapal.cli.model.Option.flag;
import static dev.kapal.cli.model.Option.list;
import static dev.kapal.cli.model.Option.value;

import dev.kapal.cli.context.WindowSize;
import dev.kapal.cli.model.Completion;
import dev.kapal.cli.model.Invocation;
import dev.kapal.cli.model.Leaf;
import dev.kapal.cli.model.UsageException;
import dev.kapal.engine.AttachRequest;
import dev.kapal.engine.Attachment;
import dev.kapal.engine.Checkpoint;
import dev.kapal.engine.ContainerInfo;
import dev.kapal.engine.ContainerState;
import dev.kapal.engine.Containers;
import dev.kapal.engine.Containers.WaitCondition;
import dev.kapal.engine.EngineException;
import dev.kapal.engine.Execs;
import dev.kapal.engine.spec.ContainerSpec;
import dev.kapal.engine.spec.ExecSpec;
import dev.kapal.engine.spec.TerminalSize;
import dev.kapal.runtime.Tier;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** run, create, start, attach and exec. */
final class RunCommands {
  static final String SECTION = "Run containers";

  private RunCommands() {}

  static final Leaf RUN =
      Leaf.named("run")
          .section(SECTION)
          .summary("Make and start a container of an image")
          .description(
              "Make a container of an image and start a command in it. Without -d its streams are"
                  + " joined to the caller's and the exit status is the command's; 125 means that"
                  + " Kapal failed, 126 that the command cannot be executed, 127 that it is not there.")
          .operands("IMAGE [COMMAND] [ARG...]", 1, Integer.MAX_VALUE)
          .stopsAtOperand()
          .completesOnly(Completion.IMAGE, Completion.COMMAND)
          .example("kapal run --rm busybox uname -a", "run one command and remove the container")
          .example(
              "kapal run -it --rm debian bash",
              "an interactive shell; ctrl-p ctrl-q leaves it running")
          .example(
              "kapal run -d --name web -p 8080:80 -v ./site:/usr/share/nginx/html:ro nginx",
              "a server in the background")
          .example(
              "kapal run --rm --memory 256m --cpus 0.5 --network none busybox ./job",
              "limits, and no network")
          .options(
              flag("detach", "Run in the background and print the container's ID")
                  .letter('d')
                  .in("Container"))
          .options(RunOptions.common())
          .options(
              RunOptions.DETACH_KEYS.in("Process"),
              flag("sig-proxy", "Pass signals on to the process (default true)").in("Process"))
          .does(RunCommands::run);

  static final Leaf CREATE =
      Leaf.named("create")
          .section(SECTION)
          .summary("Make a container without starting it")
          .operands("IMAGE [COMMAND] [ARG...]", 1, Integer.MAX_VALUE)
          .stopsAtOperand()
          .completesOnly(Completion.IMAGE, Completion.COMMAND)
          .example(
              "kapal create --name web -p 8080:80 nginx",
              "make it now, and start it later with 'kapal start web'")
          .options(RunOptions.common())
          .does(RunCommands::create);

  static final Leaf START =
      Leaf.named("start")
          .section(SECTION)
          .summary("Start containers that do not run")
          .operands("CONTAINER [CONTAINER...]", 1, Integer.MAX_VALUE)
          .completes(Completion.CONTAINER)
          .example("kapal start web db", "start two containers")
          .example("kapal start -ai shell", "start one and join its terminal")
          .options(
              flag("attach", "Join its output and pass signals on").letter('a'),
              flag("interactive", "Join its input").letter('i'),
              RunOptions.DETACH_KEYS,
              value("checkpoint", "CHECKPOINT", "Go on from a checkpoint of the container"),
              CheckpointCommands.DIRECTORY,
              flag("sig-proxy", "Pass signals on to the process (default true)").hide())
          .does(RunCommands::start);

  static final Leaf ATTACH =
      Leaf.named("attach")
          .section(SECTION)
          .summary("Join the streams of a running container")
          .operands("CONTAINER", 1, 1)
          .completesOnly(Completion.RUNNING)
          .example("kapal attach shell", "join it; ctrl-p ctrl-q leaves it again")
          .options(
              RunOptions.DETACH_KEYS,
              flag("no-stdin", "Do not join its input"),
              flag("sig-proxy", "Pass signals on to the process (default true)"))
          .does(RunCommands::attach);

  static final Leaf EXEC =
      Leaf.named("exec")
          .section(SECTION)
          .summary("Run a further command in a running container")
          .operands("CONTAINER COMMAND [ARG...]", 2, Integer.MAX_VALUE)
          .stopsAtOperand()
          .completesOnly(Completion.RUNNING, Completion.COMMAND)
          .example("kapal exec -it web sh", "a shell inside")
          .example(
              "kapal exec -u 1000 -w /tmp web ls -l",
              "a command of another user in another directory")
          .options(
              flag("detach", "Run in the background").letter('d'),
              flag("interactive", "Keep standard input open").letter('i'),
              flag("tty", "Give it a terminal").letter('t'),
              list("env", "NAME[=VALUE]", "Set an environment variable").letter('e'),
              list("env-file", "FILE", "Read environment variables from a file")
                  .completes(Completion.FILE),
              value("workdir", "DIRECTORY", "Working directory inside").letter('w'),
              value("user", "USER[:GROUP]", "Run as this user").letter('u'),
              flag("privileged", "Give it all capabilities"),
              RunOptions.DETACH_KEYS)
          .does(RunCommands::exec);

  /** Runs something whose failure is Kapal's, not the container's. */
  private static ContainerSpec spec(Invocation i) {
    ContainerSpec spec = ContainerSpecs.of(i.arguments(), i.context());
    Optional<String> tier = i.arguments().value("tier");
    if (tier.isEmpty()) {
      return spec;
    }
    if (spec.runtime().isPresent()) {
      throw new UsageException("--tier and --runtime exclude each other: leave one out");
    }
    Tier wanted = Tier.valueOf(tier.get().toUpperCase(Locale.ROOT));
    try {
      return spec.toBuilder().runtime(i.engine().system().runtimeFor(wanted)).build();
    } catch (EngineException e) {
      throw new CommandFailedException(Failures.message(e), Failures.DAEMON);
    }
  }

  private static <T> T daemon(Pulls.Work<T> work) throws InterruptedException {
    try {
      return work.run();
    } catch (UsageException | CommandFailedException e) {
      throw e;
    } catch (RuntimeException e) {
      if (Failures.cancelled(e)) {
        throw e;
      }
      int status = e instanceof EngineException engine ? engine.exitCode() : Failures.DAEMON;
      throw new CommandFailedException(e, status);
    }
  }

  /** Which streams -a asks for. */
  private record Join(boolean input, boolean output, boolean error) {
    static Join of(Invocation i) {
      List<String> names = i.arguments().list("attach");
      boolean interactive = i.flag("interactive");
      if (names.isEmpty()) {
        return new Join(interactive, true, true);
      }
      boolean input = false;
      boolean output = false;
      boolean error = false;
      for (String name : names) {
        switch (name.toLowerCase(Locale.ROOT)) {
          case "stdin" -> input = true;
          case "stdout" -> output = true;
          case "stderr" -> error = true;
          default ->
              throw new UsageException(
                  "invalid value \"" + name + "\" for --attach: use stdin, stdout or stderr");
        }
      }
      return new Join(input && interactive, output, error);
    }
  }

  private static int run(Invocation i) throws InterruptedException {
    ContainerSpec spec = spec(i);
    boolean detach = i.flag("detach");
    if (detach && i.arguments().has("attach")) {
      throw new UsageException("--detach and --attach exclude each other: leave one out");
    }
    Optional<String> cidfile = i.arguments().value("cidfile");
    cidfile.ifPresent(file -> ClientFiles.mustNotExist(i.context(), "cidfile", file));
    Join join = Join.of(i);
    return daemon(
        () -> Pulls.withImage(i, spec, () -> detach ? detached(i, spec) : joined(i, spec, join)));
  }

  private static void created(Invocation i, Containers.Created created) {
    created.warnings().forEach(warning -> i.err().line("WARNING: " + warning));
    i.arguments()
        .value("cidfile")
        .ifPresent(file -> ClientFiles.create(i.context(), "cidfile", file, created.id()));
  }

  private static int detached(Invocation i, ContainerSpec spec) {
    Containers.Running running = i.engine().containers().run(spec, AttachRequest.nothing());
    running.attachment().close();
    created(i, running.created());
    i.out().line(running.created().id());
    return 0;
  }

  private static int joined(Invocation i, ContainerSpec spec, Join join)
      throws InterruptedException {
    boolean tty = spec.process().tty();
    Foreground.needTerminal(i, join.input(), tty);
    Containers containers = i.engine().containers();
    boolean proxy = i.arguments().flag("sig-proxy", true);
    try (Foreground.Raw _ = Foreground.raw(i, join.input(), tty);
        SignalRelay signals = new SignalRelay(i.context().client())) {
      AttachRequest request = Foreground.request(i, join.input(), join.output(), join.error(), tty);
      Containers.Running running = containers.run(spec, request);
      String id = running.created().id();
      try (Attachment attachment = running.attachment()) {
        Thread self = Thread.currentThread();
        signals.to(signal -> {
          if (proxy) {
            containers.kill(id, Integer.toString(signal));
          } else {
            self.interrupt();
          }
        });
        created(i, running.created());
        i.err().flush();
        return follow(i, id, tty, attachment, spec.autoRemove());
      } catch (InterruptedException e) {
        return signals.status();
      }
    }
  }

  /** Waits for the end of an attachment and then of the container. */
  private static int follow(
      Invocation i, String id, boolean tty, Attachment attachment, boolean removed)
      throws InterruptedException {
    Containers containers = i.engine().containers();
    Attachment.End end;
    try (Foreground.Resizer _ = Foreground.resizer(i, tty, size -> containers.resize(id, size))) {
      end = attachment.await();
    }
    if (end == Attachment.End.DETACHED) {
      return 0;
    }
    WaitCondition condition = removed ? WaitCondition.REMOVED : WaitCondition.NOT_RUNNING;
    Containers.ExitStatus status = containers.await(id, condition);
    status.error().ifPresent(error -> i.err().line("kapal: " + error));
    return status.code();
  }

  private static int create(Invocation i) throws InterruptedException {
    ContainerSpec spec = spec(i);
    i.arguments()
        .value("cidfile")
        .ifPresent(file -> ClientFiles.mustNotExist(i.context(), "cidfile", file));
    return daemon(() ->
        Pulls.withImage(
            i,
            spec,
            () -> {
              Containers.Created created = i.engine().containers().create(spec);
              created(i, created);
              i.out().line(created.id());
              return 0;
            }));
  }

  private static int start(Invocation i) throws InterruptedException {
    boolean interactive = i.flag("interactive");
    Optional<Checkpoint.Ref> checkpoint = CheckpointCommands.named(i);
    if (checkpoint.isPresent() && i.operands().size() != 1) {
      throw new UsageException(
          "--checkpoint starts one container at a time: name one", UsageException.BAD_COMMAND);
    }
    if (!i.flag("attach") && !interactive) {
      return Each.name(
          i,
          i.operands(),
          name -> {
            try {
              if (checkpoint.isPresent()) {
                i.engine().containers().startFrom(name, checkpoint.get());
              } else {
                i.engine().containers().start(name);
              }
            } catch (EngineException.Unchanged e) {
              // Docker too is content with a container that runs already.
            }
          });
    }
    if (i.operands().size() != 1) {
      throw new UsageException(
          "-a and -i start one container at a time: name one", UsageException.BAD_COMMAND);
    }
    Containers containers = i.engine().containers();
    ContainerInfo info = containers.inspect(i.arguments().operand(0));
    boolean tty = info.spec().process().tty();
    boolean input = interactive && info.spec().process().stdinOpen();
    Foreground.needTerminal(i, input, tty);
    try (Foreground.Raw _ = Foreground.raw(i, input, tty);
        SignalRelay signals = new SignalRelay(i.context().client());
        Attachment attachment =
            checkpoint.isPresent()
                ? containers.startFrom(
                    info.id(), checkpoint.get(), Foreground.request(i, input, true, true, tty))
                : containers.start(info.id(), Foreground.request(i, input, true, true, tty))) {
      signals.to(signal -> containers.kill(info.id(), Integer.toString(signal)));
      resize(i, info.id(), tty);
      return follow(i, info.id(), tty, attachment, info.spec().autoRemove());
    }
  }

  private static void resize(Invocation i, String id, boolean tty) {
    WindowSize size = i.context().client().windowSize();
    if (tty && size.rows() > 1 && size.columns() > 0) {
      try {
        i.engine().containers().resize(id, new TerminalSize(size.rows(), size.columns()));
      } catch (EngineException e) {
        // It has ended already.
      }
    }
  }

  private static int attach(Invocation i) throws InterruptedException {
    Containers containers = i.engine().containers();
    ContainerInfo info = containers.inspect(i.arguments().operand(0));
    if (info.state() != ContainerState.RUNNING) {
      throw new CommandFailedException(
          "cannot attach to container \"%s\": it is %s; %s it first"
              .formatted(
                  info.name(),
                  info.state().text(),
                  info.state() == ContainerState.PAUSED ? "unpause" : "start"),
          1);
    }
    boolean tty = info.spec().process().tty();
    boolean input = !i.flag("no-stdin") && info.spec().process().stdinOpen();
    Foreground.needTerminal(i, input, tty);
    boolean proxy = i.arguments().flag("sig-proxy", true) && !tty;
    try (Foreground.Raw _ = Foreground.raw(i, input, tty);
        SignalRelay signals = new SignalRelay(i.context().client());
        Attachment attachment =
            containers.attach(info.id(), Foreground.request(i, input, true, true, tty))) {
      Thread self = Thread.currentThread();
      signals.to(signal -> {
        if (proxy) {
          containers.kill(info.id(), Integer.toString(signal));
        } else {
          self.interrupt();
        }
      });
      // A full-screen program draws itself anew when the size changes.
      WindowSize size = i.context().client().windowSize();
      if (tty && size.rows() > 1 && size.columns() > 0) {
        containers.resize(info.id(), new TerminalSize(size.rows() - 1, size.columns()));
        resize(i, info.id(), true);
      }
      return follow(i, info.id(), tty, attachment, info.spec().autoRemove());
    }
  }

  private static int exec(Invocation i) throws InterruptedException {
    boolean detach = i.flag("detach");
    boolean tty = i.flag("tty");
    boolean input = i.flag("interactive") && !detach;
    if (!detach) {
      Foreground.needTerminal(i, input, tty);
    }
    ExecSpec spec = execSpec(i, tty, input);
    Execs execs = i.engine().execs();
    String container = i.arguments().operand(0);
    if (detach) {
      execs.run(container, spec, AttachRequest.nothing()).attachment().close();
      return 0;
    }
    try (Foreground.Raw _ = Foreground.raw(i, input, tty)) {
      Execs.Started started =
          execs.run(container, spec, Foreground.request(i, input, true, true, tty));
      try (Attachment attachment = started.attachment();
          Foreground.Resizer _ =
              Foreground.resizer(i, tty, size -> execs.resize(started.id(), size))) {
        if (attachment.await() == Attachment.End.DETACHED) {
          return 0;
        }
      }
      return execs.await(started.id());
    }
  }

  private static ExecSpec execSpec(Invocation i, boolean tty, boolean input) {
    try {
      ExecSpec.Builder spec =
          ExecSpec.builder(i.operands().subList(1, i.operands().size()))
              .env(ContainerSpecs.environment(i.arguments(), i.context()))
              .privileged(i.flag("privileged"))
              .tty(tty)
              .stdinOpen(input);
      i.arguments().value("workdir").filter(dir -> !dir.isEmpty()).ifPresent(spec::workdir);
      i.arguments().value("user").filter(user -> !user.isEmpty()).ifPresent(spec::user);
      WindowSize size = i.context().client().windowSize();
      if (tty && size.rows() > 0 && size.columns() > 0) {
        spec.terminalSize(new TerminalSize(size.rows(), size.columns()));
      }
      return spec.build();
    } catch (IllegalArgumentException e) {
      throw new UsageException(String.valueOf(e.getMessage()));
    }
  }
}

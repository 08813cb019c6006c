package dev.kapal.runtime.shim;

import static dev.kapal.linux.Fcntl.O_RDONLY;

import dev.kapal.linux.Descriptors;
import dev.kapal.linux.Errno;
import dev.kapal.linux.ErrnoException;
import dev.kapal.linux.ExitStatus;
import dev.kapal.linux.FaultPoint;
import dev.kapal.linux.Fd;
import dev.kapal.linux.Linux;
import dev.kapal.runtime.ContainerException;
import dev.kapal.runtime.ContainerException.LaunchFailed;
import dev.kapal.runtime.LogTarget;
import dev.kapal.runtime.Streams;
import dev.kapal.runtime.driver.Bundles;
import dev.kapal.runtime.driver.HostCommand;
import dev.kapal.runtime.driver.LaunchPacket;
import dev.kapal.runtime.driver.LaunchedProcess;
import dev.kapal.runtime.driver.RuntimeMessages;
import dev.kapal.runtime.driver.Strays;
import dev.kapal.runtime.monitor.Packet;
import dev.kapal.runtime.plan.LaunchPlan;
import dev.kapal.runtime.plan.LauncherPlan;
import dev.kapal.runtime.wire.Message;
import dev.kapal.runtime.wire.MessageWriter;
import dev.kapal.runtime.wire.WireException;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;

/**
 * The commands of a shim's program: {@code start}, which leaves the shim behind, and {@code
 * delete}, which clears away after one that is gone.
 *
 * @param sandbox that the container is in
 * @param id the container
 * @param bundle its directory
 */
record ShimCommands(ShimSandbox sandbox, String id, String bundle) {
  /** The only one there is of ours: shims tell containers of several engines apart by it. */
  static final String NAMESPACE = "kapal";

  private static final String NEWEST = "3";
  private static final int MOST = 1 << 20;
  private static final Duration END = Duration.ofSeconds(10);

  private Linux linux() {
    return sandbox.host().linux();
  }

  private List<String> arguments(String... more) {
    List<String> all =
        new ArrayList<>(
            List.of(
                "-namespace",
                NAMESPACE,
                "-address",
                sandbox.eventsAddress(),
                "-publish-binary",
                "/bin/true",
                "-id",
                id));
    all.addAll(List.of(more));
    return all;
  }

  private List<String> environment(int number) {
    return List.of(
        HostCommand.PATH,
        sandbox.mark(number),
        "TTRPC_ADDRESS=" + (sandbox.host().wantsNoEvents() ? "" : sandbox.eventsAddress()),
        "GRPC_ADDRESS=" + sandbox.eventsAddress(),
        "NAMESPACE=" + NAMESPACE,
        "MAX_SHIM_VERSION=" + NEWEST);
  }

  /**
   * Starts the shim, or has one that is there take the container as well.
   *
   * @param launches makes a process for each command
   */
  StartReply start(Supplier<LaunchedProcess> launches, Optional<MessageWriter> options) {
    String doing = "start the shim of container " + id;
    byte[] old = options.map(MessageWriter::toBytes).orElseGet(() -> new byte[0]);
    Answer answer = launch(doing, launches.get(), old);
    if (!answer.ok() && answer.said().toLowerCase(Locale.ROOT).contains("bootstrap")) {
      // It wants to be told as shims are from containerd 2.3 on, and cannot do with less.
      answer = launch(doing, launches.get(), parameters(options));
    }
    if (!answer.ok()) {
      throw new LaunchFailed(
          "Cannot "
              + doing
              + ": "
              + sandbox.host().binary().title()
              + answer
                  .complaint()
                  .map(s -> " says: " + s)
                  .orElse(
                      " ended with "
                          + answer.exit().shellCode()
                          + " and gave no reason; try the command by hand"),
          RuntimeMessages.kind(answer.said()),
          Optional.empty(),
          "");
    }
    FaultPoint.reach("shim.started");
    return StartReply.parse(sandbox.host().binary().title(), answer.out());
  }

  /** BootstrapParams of containerd 2.3. */
  private byte[] parameters(Optional<MessageWriter> options) {
    MessageWriter params =
        new MessageWriter()
            .text(1, id)
            .text(2, NAMESPACE)
            .text(5, sandbox.eventsAddress())
            .text(6, sandbox.eventsAddress())
            .text(7, "/bin/true");
    options.ifPresent(any -> params.message(8, new MessageWriter().message(1, any)));
    return params.toBytes();
  }

  /** What a command has printed, and how it has ended. */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  private record Answer(ExitStatus exit, byte[] out, String said) {
    boolean ok() {
      return exit.shellCode() == 0;
    }

    Optional<String> complaint() {
      return RuntimeMessages.error("", said);
    }
  }

  /**
   * Has the monitor launch it, in a mount namespace of its own and with the bundle as its working
   * directory.
   */
  private Answer launch(String doing, LaunchedProcess launch, byte[] input) {
    List<String> words = new ArrayList<>(List.of(sandbox.host().config().binary().toString()));
    words.addAll(arguments("start"));
    LaunchPlan plan =
        new LauncherPlan(
                words,
                environment(launch.number()),
                Optional.of(
                    new LauncherPlan.Root(
                        Optional.empty(), bundle, Bundles.mountOf(linux(), bundle))),
                1 | 2 | 4,
                0)
            .compile(sandbox.host().facts());
    boolean done = false;
    try (Descriptors.Pipe out = linux().descriptors().pipe(0);
        Descriptors.Pipe err = linux().descriptors().pipe(0);
        Fd memfd = linux().memfds().create("kapal-plan", plan.encode())) {
      linux().sockets().nonBlocking(out.reader(), true);
      linux().sockets().nonBlocking(err.reader(), true);
      Packet packet =
          LaunchPacket.launch(
              launch.number(), LogTarget.NONE, LaunchPacket.LAUNCHER | LaunchPacket.HOLD);
      FaultPoint.reach("shim.known");
      launch.command((int) launch.launch(packet, List.of(memfd), LogTarget.NONE).value());
      FaultPoint.reach("shim.launched");
      try (Fd options = linux().memfds().create("kapal-options", input);
          Fd reader = linux().descriptors().reopen(options, O_RDONLY)) {
        launch.attach(Streams.all(reader, out.writer(), err.writer()));
      } catch (ContainerException.WrongState _) {
        // It has ended already.
      }
      out.writer().close();
      err.writer().close();
      Answer answer = await(doing, launch, out.reader(), err.reader());
      done = answer.ok();
      return answer;
    } catch (ErrnoException e) {
      throw new ContainerException.Failed("Cannot " + doing + ": " + e.getMessage(), e);
    } finally {
      end(launch, done);
    }
  }

  private Answer await(String doing, LaunchedProcess launch, Fd out, Fd err) {
    ByteArrayOutputStream printed = new ByteArrayOutputStream();
    ByteArrayOutputStream complained = new ByteArrayOutputStream();
    Duration limit = sandbox.host().config().createTimeout();
    long end = System.nanoTime() + limit.toNanos();
    boolean named = false;
    for (long pause = 200_000; ; pause = Math.min(5_000_000, pause * 5 / 4)) {
      boolean over = launch.exitStatus().isPresent();
      HostCommand.drain(linux(), out, printed, MOST);
      HostCommand.drain(linux(), err, complained, MOST);
      if (over) {
        return new Answer(
            ExitStatus.ofWaitStatus(launch.launcher().join()),
            printed.toByteArray(),
            complained.toString(StandardCharsets.UTF_8));
      }
      if (launch.watch().failure().isPresent()) {
        throw sandbox
            .host()
            .binary()
            .notExecutable(doing, Errno.of(launch.watch().failure().get().errno()));
      }
      if (!sandbox.alive()) {
        throw new ContainerException.Gone(
            "Cannot " + doing + ": the sandbox's monitor ended meanwhile");
      }
      if (printed.size() >= MOST || complained.size() >= MOST) {
        throw sandbox.host().binary().endless(doing);
      }
      if (System.nanoTime() - end > 0) {
        throw sandbox.host().binary().late(doing, limit);
      }
      if (!named && launch.launcher().isDone()) {
        named = true;
        nobody(launch);
      }
      LockSupport.parkNanos(pause);
    }
  }

  /** The command's number means no process: it ends as the command did. */
  private void nobody(LaunchedProcess launch) {
    try {
      sandbox.connection().ask(Packet.of(Packet.ADOPT, launch.number(), 0), List.of());
    } catch (ErrnoException | ContainerException.Gone _) {
      // It has ended meanwhile.
    }
  }

  /** Forgets the command; one that did not do as it should is killed with what it has started. */
  void end(LaunchedProcess launch, boolean done) {
    if (!done) {
      Strays.kill(linux(), launch.command(), sandbox.mark(launch.number()));
    }
    try {
      long end = System.nanoTime() + END.toNanos();
      while (sandbox.alive()
          && launch.launched()
          && launch.watch().failure().isEmpty()
          && launch.exitStatus().isEmpty()
          && System.nanoTime() - end < 0) {
        if (launch.launcher().isDone()) {
          nobody(launch);
        }
        LockSupport.parkNanos(1_000_000);
      }
      sandbox.forget(launch.number());
    } catch (ContainerException | ErrnoException e) {
      System.getLogger(ShimCommands.class.getName())
          .log(System.Logger.Level.WARNING, "A shim's start cannot be forgotten", e);
    }
  }

  /**
   * Has the shim's program clear away what a shim that is gone has left.
   *
   * @param launch number of the launch that has started the shim
   * @return how the container ended, where it says so
   */
  Optional<TaskService.Exit> delete(int launch) {
    HostCommand.Result result =
        sandbox
            .host()
            .binary()
            .run(
                "clear away container " + id,
                arguments("-bundle", bundle, "delete"),
                new HostCommand.Surroundings(bundle, environment(launch), Optional.empty()),
                sandbox.host().config().commandTimeout());
    if (!result.ok()) {
      throw new ContainerException.Failed(
          "Cannot clear away container "
              + id
              + ": "
              + sandbox.host().binary().title()
              + " says: "
              + RuntimeMessages.error("", result.err()).orElse("nothing"));
    }
    try {
      Message m = Message.parse(result.printed().toByteArray());
      return m.has(2)
          ? Optional.of(TaskService.Exit.of(m.number(2), m.message(3)))
          : Optional.empty();
    } catch (WireException _) {
      return Optional.empty();
    }
  }
}

package dev.kapal.runtime.oci;

import dev.kapal.linux.ExitStatus;
import dev.kapal.runtime.ContainerSpec;
import dev.kapal.runtime.driver.RuntimeMessages;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;

/**
 * The ways in which a created container begins to run: by the runtime's start, by its restore, or
 * by what stands for it in a sandbox with a kernel of its own.
 */
record OciStarting(OciContainer container, OciCommands commands) {
  /** Files that a member leaves in the sandbox's directory. */
  static final List<String> FILES = List.of("started", "start", "wait");

  private OciSandbox owner() {
    return container.owner();
  }

  /** Has the runtime start it. */
  void start() {
    var _ = commands.run("start", commands.patience(), "start", container.id());
  }

  /** Has the runtime turn it into what was saved. */
  void restore(ContainerSpec.Restore from) {
    OciCheckpoints checkpoints = new OciCheckpoints(owner(), container.number());
    List<String> arguments = new ArrayList<>(checkpoints.restoring(from));
    arguments.add(container.id());
    checkpoints.working(
        "restore.log",
        () -> commands.run("restore", commands.patience(), arguments.toArray(String[]::new)));
  }

  /** What stands for a container that has no process of its own. */
  OciMember member(String root) {
    return new OciMember(
        root,
        owner().path(file("started")),
        words(file("start"), "start"),
        words(file("wait"), "wait"));
  }

  private List<String> words(String log, String verb) {
    List<String> words = new ArrayList<>(List.of(owner().host().config().binary().toString()));
    words.addAll(owner().globals(log));
    words.addAll(List.of(verb, container.id()));
    return words;
  }

  private String file(String what) {
    return what + "." + container.number();
  }

  private Optional<String> text(String what) {
    return owner().files().read(file(what)).map(b -> new String(b, StandardCharsets.UTF_8));
  }

  /** Has what stands for it start it. */
  void startMember() {
    container.signalProcess(OciMember.START);
    Instant limit = Instant.now().plus(commands.patience());
    Optional<String> status = text("started");
    while (status.isEmpty() && container.exitStatus().isEmpty() && Instant.now().isBefore(limit)) {
      LockSupport.parkNanos(2_000_000);
      status = text("started");
    }
    String told = status.or(() -> text("started")).orElse("137");
    if (!told.equals("0")) {
      throw owner()
          .commandFailed(
              "start container " + container.id() + " with " + owner().host().config().name(),
              new ExitStatus.Exited(Integer.parseInt(told)),
              RuntimeMessages.error(text("start").orElse(""), ""));
    }
  }
}

package dev.kapal.cli.command;

import static dev.kapal.cli.model.Option.flag;
import static dev.kapal.cli.model.Option.value;

import dev.kapal.cli.model.Completion;
import dev.kapal.cli.model.Group;
import dev.kapal.cli.model.Invocation;
import dev.kapal.cli.model.Leaf;
import dev.kapal.cli.model.Option;
import dev.kapal.cli.template.Struct;
import dev.kapal.engine.Checkpoint;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** checkpoint create, ls and rm; and which one {@code start} is to go on from. */
final class CheckpointCommands {
  private static final Listing LISTING =
      Listing.of(
          List.of("Name"),
          "Name",
          "CHECKPOINT NAME",
          "Runtime",
          "RUNTIME",
          "CreatedAt",
          "CREATED AT");

  /** Where checkpoints are. */
  static final Option DIRECTORY =
      value("checkpoint-dir", "DIRECTORY", "Where it is (default among the container's own data)")
          .completes(Completion.FILE);

  private CheckpointCommands() {}

  private static final Leaf CREATE =
      Leaf.named("create")
          .summary("Save the state of a running container")
          .description(
              "Save what a container's processes are doing, so that it can go on from there. The"
                  + " container ends by that unless --leave-running is given. The runtime must have"
                  + " checkpoints: runsc has, runc and crun do with CRIU, native has not.")
          .operands("CONTAINER CHECKPOINT", 2, 2)
          .completesOnly(Completion.RUNNING)
          .example("kapal checkpoint create job tonight", "save it and end it")
          .example("kapal start --checkpoint tonight job", "let it go on")
          .options(
              DIRECTORY,
              flag("leave-running", "Go on afterwards"),
              flag("tcp-established", "Save open TCP connections too (CRIU only)"))
          .does(CheckpointCommands::create);

  private static final Leaf LS =
      Leaf.named("ls")
          .aliases("list")
          .summary("List the checkpoints of a container")
          .operands("CONTAINER", 1, 1)
          .completesOnly(Completion.CONTAINER)
          .example("kapal checkpoint ls job", "list them")
          .options(DIRECTORY, Listing.FORMAT, Listing.QUIET)
          .does(CheckpointCommands::ls);

  private static final Leaf RM =
      Leaf.named("rm")
          .aliases("remove")
          .summary("Remove a checkpoint")
          .operands("CONTAINER CHECKPOINT", 2, 2)
          .completesOnly(Completion.CONTAINER)
          .example("kapal checkpoint rm job tonight", "remove it")
          .options(DIRECTORY)
          .does(i -> {
            i.engine()
                .containers()
                .removeCheckpoint(
                    i.arguments().operand(0),
                    new Checkpoint.Ref(i.arguments().operand(1), directory(i)));
            return 0;
          });

  static final Group GROUP =
      new Group(
          "checkpoint",
          List.of(),
          "Checkpoints: saved states of containers to go on from",
          SystemCommands.MANAGE,
          false,
          List.of(CREATE, LS, RM));

  private static Optional<Path> directory(Invocation i) {
    return i.arguments()
        .value("checkpoint-dir")
        .map(text -> Path.of(i.context().resolve(text)).normalize());
  }

  /** The checkpoint that a start names. */
  static Optional<Checkpoint.Ref> named(Invocation i) {
    return i.arguments().value("checkpoint").map(name -> new Checkpoint.Ref(name, directory(i)));
  }

  private static int create(Invocation i) {
    String name = i.arguments().operand(1);
    i.engine()
        .containers()
        .checkpoint(
            i.arguments().operand(0),
            new Checkpoint.Request(
                name, directory(i), i.flag("leave-running"), i.flag("tcp-established")));
    i.out().line(name);
    return 0;
  }

  private static int ls(Invocation i) {
    List<Checkpoint> all =
        i.engine().containers().checkpoints(i.arguments().operand(0), directory(i));
    if (i.flag("quiet")) {
      all.forEach(c -> i.out().line(c.name()));
      return 0;
    }
    List<Struct> rows =
        all.stream()
            .map(c ->
                new Struct()
                    .with("Name", c.name())
                    .with("Runtime", c.runtime())
                    .with("CreatedAt", c.created().toString()))
            .toList();
    LISTING.print(i, rows);
    return 0;
  }
}

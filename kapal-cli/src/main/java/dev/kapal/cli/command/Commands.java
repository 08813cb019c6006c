package dev.kapal.cli.command;

import dev.kapal.cli.model.Command;
import dev.kapal.cli.model.Group;
import dev.kapal.cli.model.Leaf;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;

/** The whole command tree. */
public final class Commands {
  private static final String PLAIN = "Commands";

  private Commands() {}

  /** Builds it; done once. */
  public static Group tree() {
    AtomicReference<Group> root = new AtomicReference<>(container());
    List<Command> all =
        List.of(
            RunCommands.RUN,
            RunCommands.CREATE,
            RunCommands.START,
            LifeCommands.STOP,
            LifeCommands.RESTART,
            LifeCommands.KILL,
            LifeCommands.PAUSE,
            LifeCommands.UNPAUSE,
            LifeCommands.RM,
            RunCommands.EXEC,
            RunCommands.ATTACH,
            LifeCommands.RENAME,
            LifeCommands.UPDATE,
            LifeCommands.WAIT,
            LookCommands.PS,
            LookCommands.LOGS,
            LookCommands.TOP,
            StatsCommand.STATS,
            InspectCommand.INSPECT,
            LookCommands.PORT,
            LookCommands.DIFF,
            CopyCommand.CP,
            SnapshotCommands.EXPORT,
            ImageCommands.IMAGES,
            ImageCommands.PULL,
            ImageCommands.PUSH,
            ImageCommands.RMI,
            ImageCommands.TAG,
            ImageCommands.SAVE,
            ImageCommands.LOAD,
            ImageCommands.IMPORT,
            ImageCommands.HISTORY,
            SnapshotCommands.COMMIT,
            LoginCommands.LOGIN,
            LoginCommands.LOGOUT,
            container(),
            image(),
            VolumeCommands.GROUP,
            NetworkCommands.GROUP,
            CheckpointCommands.GROUP,
            RuntimeCommands.GROUP,
            ConfigCommands.GROUP,
            CheckCommand.CHECK,
            SystemCommands.GROUP,
            SystemCommands.INFO,
            SystemCommands.VERSION,
            EventsCommand.EVENTS,
            CompletionCommands.GROUP,
            CompletionCommands.complete(root::get));
    Group tree =
        new Group(
            "kapal",
            List.of(),
            "Containers on Linux: images, containers, networks and volumes.",
            "",
            false,
            all);
    root.set(tree);
    return tree;
  }

  private static Leaf same(Leaf leaf) {
    return leaf.as(leaf.name(), PLAIN, leaf.aliases().toArray(String[]::new));
  }

  private static Group container() {
    return new Group(
        "container",
        List.of("containers"),
        "Containers: the same commands under one word",
        SystemCommands.MANAGE,
        false,
        List.of(
            same(RunCommands.ATTACH),
            same(SnapshotCommands.COMMIT),
            same(CopyCommand.CP),
            same(RunCommands.CREATE),
            same(LookCommands.DIFF),
            same(RunCommands.EXEC),
            same(SnapshotCommands.EXPORT),
            InspectCommand.CONTAINER,
            same(LifeCommands.KILL),
            same(LookCommands.LOGS),
            LookCommands.PS.as("ls", PLAIN, "ps", "list"),
            same(LifeCommands.PAUSE),
            same(LookCommands.PORT),
            LifeCommands.PRUNE,
            same(LifeCommands.RENAME),
            same(LifeCommands.RESTART),
            same(LifeCommands.RM),
            same(RunCommands.RUN),
            same(RunCommands.START),
            same(StatsCommand.STATS),
            same(LifeCommands.STOP),
            same(LookCommands.TOP),
            same(LifeCommands.UNPAUSE),
            same(LifeCommands.UPDATE),
            same(LifeCommands.WAIT)));
  }

  private static Group image() {
    return new Group(
        "image",
        List.of(),
        "Images: the same commands under one word, and prune",
        SystemCommands.MANAGE,
        false,
        List.of(
            same(ImageCommands.HISTORY),
            same(ImageCommands.IMPORT),
            InspectCommand.IMAGE,
            same(ImageCommands.LOAD),
            ImageCommands.IMAGES.as("ls", PLAIN, "list"),
            ImageCommands.PRUNE,
            same(ImageCommands.PULL),
            same(ImageCommands.PUSH),
            ImageCommands.RMI.as("rm", PLAIN, "remove"),
            same(ImageCommands.SAVE),
            same(ImageCommands.TAG)));
  }
}

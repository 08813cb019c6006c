package dev.kapal.cli.command;

import static dev.kapal.cli.model.Option.flag;
import static dev.kapal.cli.model.Option.list;
import static dev.kapal.cli.model.Option.value;

import dev.kapal.cli.model.Completion;
import dev.kapal.cli.model.Invocation;
import dev.kapal.cli.model.Leaf;
import dev.kapal.engine.Containers.CommitRequest;
import java.util.Optional;

/** export and commit. */
final class SnapshotCommands {
  private SnapshotCommands() {}

  static final Leaf EXPORT =
      Leaf.named("export")
          .section(LookCommands.SECTION)
          .summary("Write all files of a container to a tar archive")
          .operands("CONTAINER", 1, 1)
          .completesOnly(Completion.CONTAINER)
          .example("kapal export -o rootfs.tar web", "write a file")
          .options(
              value("output", "FILE", "Write to a file instead of standard output")
                  .letter('o')
                  .completes(Completion.FILE))
          .does(i ->
              FileOutputs.write(
                  i, out -> i.engine().containers().export(i.arguments().operand(0), out)));

  static final Leaf COMMIT =
      Leaf.named("commit")
          .section(ImageCommands.SECTION)
          .summary("Make an image of a container's changes")
          .operands("CONTAINER [NAME[:TAG]]", 1, 2)
          .completesOnly(Completion.CONTAINER, Completion.IMAGE)
          .example(
              "kapal commit -m 'tools added' -c 'CMD [\"bash\"]' shell tools:1", "name the result")
          .options(
              value("author", "TEXT", "Author for its history").letter('a'),
              list("change", "INSTRUCTION", "Apply a Dockerfile instruction").letter('c'),
              value("message", "TEXT", "Comment for its history").letter('m'),
              flag("pause", "Freeze the container meanwhile (default true)").letter('p'))
          .does(SnapshotCommands::commit);

  private static int commit(Invocation i) {
    Optional<String> name =
        i.operands().size() > 1 ? Optional.of(i.arguments().operand(1)) : Optional.empty();
    CommitRequest request =
        new CommitRequest(
            name,
            i.arguments().value("author").orElse(""),
            i.arguments().value("message").orElse(""),
            i.arguments().list("change"),
            i.arguments().flag("pause", true));
    i.out().line(i.engine().containers().commit(i.arguments().operand(0), request));
    return 0;
  }
}

package dev.kapal.cli.command;

import static dev.kapal.cli.model.Option.flag;

import dev.kapal.cli.model.Completion;
import dev.kapal.cli.model.Invocation;
import dev.kapal.cli.model.Leaf;
import dev.kapal.cli.model.UsageException;
import dev.kapal.cli.output.FdInput;
import dev.kapal.cli.output.Humans;
import dev.kapal.cli.output.OutputBytes;
import dev.kapal.engine.Containers;
import dev.kapal.engine.EngineException;
import dev.kapal.engine.PathStat;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;

/** cp: files from a container to the client and back. */
final class CopyCommand {
  private CopyCommand() {}

  static final Leaf CP =
      Leaf.named("cp")
          .section(LookCommands.SECTION)
          .summary("Copy files between a container and here")
          .description(
              "Copy a file or folder. A folder is copied into the target when that is there, and becomes the"
                  + " target when it is not; SOURCE/. copies what is in it. With - a tar archive is read from"
                  + " standard input or written to standard output.")
          .operands("CONTAINER:PATH PATH|- or PATH|- CONTAINER:PATH", 2, 2)
          .completes(Completion.FILE)
          .example("kapal cp web:/etc/nginx/nginx.conf .", "out of a container")
          .example("kapal cp ./site/. web:/usr/share/nginx/html", "what is in a folder, into one")
          .example("kapal cp web:/var/log - | tar tv", "as a tar archive")
          .options(
              flag("archive", "Keep owners").letter('a'),
              flag("follow-link", "Follow a symbolic link that is the source").letter('L'),
              flag("quiet", "Say nothing at the end").letter('q'))
          .does(CopyCommand::run);

  /** A side of the copy; no container: the client's. */
  private record Side(Optional<String> container, String path) {
    static Side of(String text) {
      int colon = text.indexOf(':');
      if (colon <= 0 || text.startsWith("/") || text.startsWith(".")) {
        return new Side(Optional.empty(), text);
      }
      return new Side(Optional.of(text.substring(0, colon)), text.substring(colon + 1));
    }
  }

  private static int run(Invocation i) throws InterruptedException {
    Side from = Side.of(i.arguments().operand(0));
    Side to = Side.of(i.arguments().operand(1));
    if (from.container().isPresent() == to.container().isPresent()) {
      throw new UsageException(
          from.container().isPresent()
              ? "cp does not copy between containers: copy out of one and then into the other"
              : "cp needs one side in a container: write it as CONTAINER:PATH",
          UsageException.BAD_COMMAND);
    }
    if (from.path().isEmpty() || to.path().isEmpty()) {
      throw new UsageException(
          "a path of cp is empty: name a file or folder", UsageException.BAD_COMMAND);
    }
    long bytes =
        from.container().isPresent()
            ? out(i, from.container().get(), from.path(), to.path())
            : in(i, from.path(), to.container().orElseThrow(), to.path());
    if (!i.flag("quiet") && bytes >= 0 && i.err().terminal()) {
      i.err().line("Copied " + Humans.size(bytes) + " to " + i.arguments().operand(1));
    }
    return 0;
  }

  private static long out(Invocation i, String container, String source, String target)
      throws InterruptedException {
    Containers containers = i.engine().containers();
    if (target.equals("-")) {
      if (i.out().terminal()) {
        throw new CommandFailedException(
            "an archive does not belong on a terminal: redirect the output", 1);
      }
      containers.copyFrom(container, source, new OutputBytes(i.out()));
      return -1;
    }
    PathStat stat = containers.statPath(container, source);
    String path = source;
    if (i.flag("follow-link") && stat.linkTarget().isPresent()) {
      path = stat.linkTarget().get();
      stat = containers.statPath(container, path);
    }
    boolean contents = stat.directory() && (source.endsWith("/.") || source.equals("."));
    Path local = Path.of(i.context().resolve(target));
    Path folder;
    Optional<String> name;
    if (Files.isDirectory(local)) {
      folder = local;
      name = contents ? Optional.empty() : Optional.of(stat.name());
    } else if (stat.directory() && Files.exists(local, LinkOption.NOFOLLOW_LINKS)) {
      throw new CommandFailedException(
          "cannot copy the folder " + source + " onto the file " + target + ": name another target",
          1);
    } else if (!stat.directory() && target.endsWith("/")) {
      throw new CommandFailedException(
          "the folder " + target + " does not exist: make it first", 1);
    } else {
      folder = local.toAbsolutePath().normalize().resolveSibling("");
      name = Optional.of(String.valueOf(local.normalize().getFileName()));
    }
    if (!Files.isDirectory(folder)) {
      throw new CommandFailedException(
          "the folder " + folder + " does not exist: make it first", 1);
    }
    String wanted = path;
    TarExtractor extractor =
        new TarExtractor(
            i.services().linux().descriptors(), i.context().caller(), i.flag("archive"));
    return Pump.run(
        i.services().linux().descriptors(),
        tar -> {
          PathStat ignored = containers.copyFrom(container, wanted, tar);
        },
        tar -> extractor.extract(tar, folder, name));
  }

  private static long in(Invocation i, String source, String container, String target)
      throws InterruptedException {
    Containers containers = i.engine().containers();
    boolean keep = i.flag("archive");
    if (source.equals("-")) {
      if (i.context().streams().inputIsTerminal()) {
        throw new CommandFailedException(
            "cp - reads a tar archive from standard input, which is a terminal: redirect it", 1);
      }
      FdInput in = new FdInput(i.services().linux().descriptors(), i.context().streams().input());
      containers.copyTo(container, target, in, keep, false);
      return -1;
    }
    Path local = Path.of(i.context().resolve(source));
    if (i.flag("follow-link") && Files.isSymbolicLink(local)) {
      local = real(local, source);
    }
    if (!Files.exists(local, LinkOption.NOFOLLOW_LINKS)) {
      throw new CommandFailedException(source + ": no such file or folder; check the name", 1);
    }
    boolean directory = Files.isDirectory(local, LinkOption.NOFOLLOW_LINKS);
    boolean contents = directory && (source.endsWith("/.") || source.equals("."));
    if (directory) {
      local = local.normalize();
    }
    Optional<PathStat> stat = stat(containers, container, target);
    String folder;
    String name;
    if (stat.isPresent() && stat.get().directory()) {
      folder = target;
      name = contents ? "." : String.valueOf(local.getFileName());
    } else if (stat.isPresent() && directory) {
      throw new CommandFailedException(
          "cannot copy the folder " + source + " onto the file " + target + ": name another target",
          1);
    } else if (stat.isEmpty() && !directory && target.endsWith("/")) {
      throw new CommandFailedException(
          "the folder "
              + target
              + " does not exist in container \""
              + container
              + "\": make it first",
          1);
    } else {
      Path inside = Path.of("/").resolve(target).normalize();
      folder = String.valueOf(inside.resolveSibling(""));
      name = String.valueOf(inside.getFileName());
    }
    Path root = local;
    AtomicLong written = new AtomicLong();
    return Pump.run(
        i.services().linux().descriptors(),
        tar -> TarWriter.write(tar, root, name, written),
        tar -> {
          containers.copyTo(container, folder, tar, keep, true);
          return written.get();
        });
  }

  private static Path real(Path path, String source) {
    try {
      return path.toRealPath();
    } catch (IOException e) {
      throw new CommandFailedException(source + " leads nowhere: " + ClientFiles.reason(e), 1);
    }
  }

  /** What is at a path inside, links followed. */
  private static Optional<PathStat> stat(Containers containers, String container, String path) {
    try {
      PathStat stat = containers.statPath(container, path);
      return Optional.of(
          stat.linkTarget().isPresent()
              ? containers.statPath(container, stat.linkTarget().get())
              : stat);
    } catch (EngineException.NotFound e) {
      // No such path, or no such container: that one shows when the copy begins.
      return Optional.empty();
    }
  }
}

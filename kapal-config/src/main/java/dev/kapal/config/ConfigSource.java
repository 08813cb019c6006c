package dev.kapal.config;

import dev.kapal.config.text.ConfigException;
import dev.kapal.config.text.ConfigFiles;
import dev.kapal.config.text.Node;
import dev.kapal.config.text.Parsed;
import dev.kapal.config.text.Position;
import dev.kapal.config.text.Problem;
import dev.kapal.config.text.TomlReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;

/**
 * Where Kapal's configuration is read: a main file, then {@code config.d/*.toml} beside it sorted
 * by name, each over what came before, and last what the command line says. A missing file is an
 * empty one.
 *
 * @param mainFile usually /etc/kapal/config.toml
 * @param required whether it is a fault if the main file is missing: somebody named it
 * @param above what lies over all files
 */
public record ConfigSource(Path mainFile, boolean required, Node.Table above) {
  /** The usual place. */
  public static final Path DIRECTORY = Path.of("/etc/kapal");

  /** The files of a directory. */
  public ConfigSource(Path directory) {
    this(directory.resolve("config.toml"), false, Node.Table.empty(Position.DEFAULT));
  }

  /** A file that somebody named, and the drop-ins beside it. */
  public static ConfigSource ofFile(Path file) {
    return new ConfigSource(file, true, Node.Table.empty(Position.DEFAULT));
  }

  /** The same with these settings over those of the files. */
  public ConfigSource under(Node.Table settings) {
    return new ConfigSource(mainFile, required, settings);
  }

  /** The directory of the drop-ins. */
  public Path dropIns() {
    return mainFile.resolveSibling("config.d");
  }

  /** What a load gave: all or nothing. */
  public sealed interface Loaded {
    /**
     * The configuration.
     *
     * @param files those it was read from
     */
    record Good(KapalConfig config, List<Path> files) implements Loaded {}

    /** All that is wrong; nothing may be changed then. */
    record Bad(List<Problem> problems) implements Loaded {}

    /**
     * The configuration.
     *
     * @throws ConfigException.Invalid when there is none
     */
    default KapalConfig orElseThrow() {
      if (this instanceof Bad bad) {
        throw new ConfigException.Invalid("the configuration has faults", bad.problems());
      }
      return ((Good) this).config();
    }
  }

  /**
   * The defaults and what the command line says, without any file: for when the files have faults.
   *
   * @throws ConfigException.Invalid when the command line has faults, too
   */
  public KapalConfig withoutFiles() {
    return ConfigReader.read(List.of(new Parsed(above, List.of()))).orElseThrow();
  }

  /** Reads the files as they are now. */
  public Loaded load() {
    return load(Optional.empty(), "");
  }

  /** Reads the files as they would be with one drop-in's text replaced, or with it added. */
  Loaded loadWith(Path dropIn, String text) {
    return load(Optional.of(dropIn), text);
  }

  private Loaded load(Optional<Path> replaced, String text) {
    List<Path> files = new ArrayList<>();
    List<Parsed> parsed = new ArrayList<>();
    try {
      TreeSet<Path> all = new TreeSet<>(ConfigFiles.matching(dropIns(), "*.toml"));
      replaced.ifPresent(all::add);
      files.add(mainFile());
      files.addAll(all);
    } catch (ConfigException.FileFailed e) {
      return new Loaded.Bad(
          List.of(
              Problem.error(
                  Position.of(dropIns().toString()), "", String.valueOf(e.getMessage()))));
    }
    List<Path> read = new ArrayList<>();
    for (Path file : files) {
      ConfigFiles.Text content =
          replaced.filter(file::equals).isPresent()
              ? new ConfigFiles.Text.Content(text)
              : ConfigFiles.read(file);
      // Not a switch over types, which costs the daemon's start milliseconds.
      if (content instanceof ConfigFiles.Text.Content good) {
        read.add(file);
        Parsed tree = TomlReader.read(file.toString(), good.text());
        List<Problem> problems = new ArrayList<>(tree.problems());
        writableByAll(file).ifPresent(problems::add);
        parsed.add(new Parsed(tree.root(), problems));
      } else if (content instanceof ConfigFiles.Text.Unusable unusable) {
        parsed.add(Parsed.failed(unusable.problem()));
      } else if (required && file.equals(mainFile)) {
        Position at = Position.of(file.toString());
        parsed.add(
            Parsed.failed(
                Problem.error(at, "", "there is no such file; make it, or name another")));
      }
    }
    if (!above.entries().isEmpty()) {
      parsed.add(new Parsed(above, List.of()));
    }
    ConfigReader.Result result = ConfigReader.read(parsed);
    return result
        .config()
        .<Loaded>map(config -> new Loaded.Good(config, List.copyOf(read)))
        .orElseGet(() -> new Loaded.Bad(result.problems()));
  }

  /** The configuration names programs that run as root. */
  private static Optional<Problem> writableByAll(Path file) {
    try {
      if (Files.exists(file)
          && Files.getPosixFilePermissions(file).contains(PosixFilePermission.OTHERS_WRITE)) {
        return Optional.of(
            Problem.error(
                Position.of(file.toString()),
                "",
                "everybody may write this file, and it names programs that run as root: chmod o-w "
                    + file));
      }
    } catch (IOException | UnsupportedOperationException _) {
      // It was read; a file system without such permissions has nothing to say.
    }
    return Optional.empty();
  }
}

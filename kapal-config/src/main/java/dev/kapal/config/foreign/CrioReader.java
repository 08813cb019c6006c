package dev.kapal.config.foreign;

import dev.kapal.config.text.ConfigException;
import dev.kapal.config.text.ConfigFiles;
import dev.kapal.config.text.KeyPath;
import dev.kapal.config.text.Nearest;
import dev.kapal.config.text.Node;
import dev.kapal.config.text.Parsed;
import dev.kapal.config.text.Position;
import dev.kapal.config.text.TomlReader;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** Reads CRI-O's crio.conf and crio.conf.d (CRI-O 1.17 to 1.36). */
final class CrioReader {
  private static final KeyTable KEYS = CrioKeys.table();

  private CrioReader() {}

  static void read(Intake intake, Path file, String text) {
    Parsed main = TomlReader.read(file.toString(), text);
    intake.file(file, main);
    Node.Table merged = main.root();
    Path folder =
        Optional.ofNullable(file.getParent())
            .orElse(Path.of("."))
            .resolve(ConfigFiles.name(file) + ".d");
    for (Path dropIn : dropIns(intake, folder)) {
      merged = merged.under(dropIn(intake, dropIn));
    }
    KEYS.read(intake, merged);
    defaultRuntime(intake, merged);
  }

  /** Reads the drop-ins when there is no main file, as newer packages have it. */
  static void dropInsOnly(Intake intake, Path file) {
    read(intake, file, "");
  }

  private static List<Path> dropIns(Intake intake, Path folder) {
    try {
      return ConfigFiles.matching(folder, "*");
    } catch (ConfigException.FileFailed e) {
      intake.unreadable(Position.of(folder.toString()), String.valueOf(e.getMessage()));
      return List.of();
    }
  }

  private static Node.Table dropIn(Intake intake, Path file) {
    return switch (ConfigFiles.read(file)) {
      case ConfigFiles.Text.Content content -> {
        Parsed parsed = TomlReader.read(file.toString(), content.text());
        intake.file(file, parsed);
        yield parsed.root();
      }
      case ConfigFiles.Text.Unusable unusable -> {
        intake.unreadable(unusable.problem().at(), unusable.problem().message());
        yield Node.Table.empty(Position.of(file.toString()));
      }
      case ConfigFiles.Text.Missing _ -> Node.Table.empty(Position.of(file.toString()));
    };
  }

  private static void defaultRuntime(Intake in, Node.Table root) {
    if (!(root.find("crio", "runtime", "default_runtime").orElse(null) instanceof Node.Text name)) {
      return;
    }
    Found found = new Found(KeyPath.of("crio", "runtime", "default_runtime"), name);
    List<String> tables =
        root.find("crio", "runtime", "runtimes").orElse(null) instanceof Node.Table table
            ? List.copyOf(table.entries().keySet())
            : List.of();
    boolean builtIn = List.of("runc", "crun").contains(name.value());
    if (name.value().isEmpty()) {
      in.notApplicable(found, Found.UNSET);
    } else if (in.runtimes().contains(name.value()) || builtIn) {
      in.take(found, name, "containers", "default_runtime");
    } else {
      in.mistake(
          found,
          "not taken: there is no table [crio.runtime.runtimes."
              + name.value()
              + "] that could be taken; there are "
              + (tables.isEmpty() ? "none" : String.join(", ", tables))
              + Nearest.of(name.value(), tables)
                  .map(n -> "; did you mean \"" + n + "\"?")
                  .orElse(""));
    }
  }
}

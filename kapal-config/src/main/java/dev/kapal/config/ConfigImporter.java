package dev.kapal.config;

import dev.kapal.config.foreign.Dialect;
import dev.kapal.config.foreign.ForeignConfigs;
import dev.kapal.config.foreign.ForeignReport;
import dev.kapal.config.schema.Setting;
import dev.kapal.config.text.ConfigException;
import dev.kapal.config.text.ConfigFiles;
import dev.kapal.config.text.KeyPath;
import dev.kapal.config.text.TomlWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Brings another engine's configuration over into a drop-in. */
public final class ConfigImporter {
  private final ConfigSource source;

  public ConfigImporter(ConfigSource source) {
    this.source = source;
  }

  /**
   * What an import did, or would do.
   *
   * @param report each setting that was met
   * @param file the drop-in
   * @param text what stands in it, or would
   * @param written whether it was written; otherwise it was a dry run, the other engine's file
   *     cannot be read, or there is nothing to set
   */
  public record Imported(ForeignReport report, Path file, String text, boolean written) {}

  /**
   * Reads a file of another engine and writes what it means to Kapal into {@code
   * config.d/50-from-ENGINE.toml}, in place of what was imported before.
   *
   * @param file empty: where the engine itself looks
   * @param dryRun write nothing
   * @throws ConfigException.FileFailed when a file cannot be read or written
   * @throws ConfigException.Invalid when Kapal's configuration would not be whole with it
   */
  public Imported run(Dialect dialect, Optional<Path> file, boolean dryRun) {
    ForeignReport report = ForeignConfigs.read(dialect, file.orElseGet(dialect::defaultFile));
    Path dropIn = source.dropIns().resolve("50-from-" + dialect.word() + ".toml");
    String text = dropIn(report);
    boolean write = !dryRun && report.readable() && !report.settings().isEmpty();
    if (write) {
      source.loadWith(dropIn, text).orElseThrow();
      ConfigFiles.write(dropIn, text);
    }
    return new Imported(report, dropIn, text, write);
  }

  /** The settings as a file, each with the place it came from. */
  static String dropIn(ForeignReport report) {
    StringBuilder text = new StringBuilder();
    text.append("# Written by kapal config import --from ").append(report.dialect().word());
    text.append("; the next import replaces this file.\n");
    for (Path file : report.files()) {
      text.append(TomlWriter.comment("Read: " + file)).append('\n');
    }
    KeyPath table = KeyPath.ROOT;
    for (Setting setting : inTables(report.settings())) {
      List<String> parts = setting.path().parts();
      KeyPath own = new KeyPath(parts.subList(0, parts.size() - 1));
      if (!own.equals(table)) {
        text.append("\n[").append(own).append("]\n");
        table = own;
      }
      text.append(TomlWriter.comment("from " + setting.origin())).append('\n');
      text.append(TomlWriter.key(setting.path().last())).append(" = ");
      text.append(TomlWriter.value(setting.value())).append('\n');
    }
    return text.toString();
  }

  /** A table's own keys before the tables in it. */
  private static List<Setting> inTables(List<Setting> settings) {
    List<Setting> sorted = new ArrayList<>(settings);
    sorted.sort(
        java.util.Comparator.comparing((Setting s) ->
                new KeyPath(s.path().parts().subList(0, s.path().parts().size() - 1)))
            .thenComparing(Setting::path));
    return sorted;
  }
}

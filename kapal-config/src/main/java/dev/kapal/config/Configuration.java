package dev.kapal.config;

import dev.kapal.config.elf.HostFit;
import dev.kapal.config.foreign.Dialect;
import dev.kapal.config.schema.Setting;
import dev.kapal.config.text.Problem;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * All that the command line asks of the configuration: {@code kapal config show}, {@code kapal
 * config import}, {@code kapal runtime install} and {@code kapal system reload}. Safe for use by
 * several threads.
 */
public final class Configuration {
  private final ConfigSource source;
  private final HostFit host;

  /** The configuration below a directory, on a host. */
  public Configuration(ConfigSource source, HostFit host) {
    this.source = source;
    this.host = host;
  }

  /** The configuration of this host, in /etc/kapal. */
  public static Configuration ofThisHost() {
    return new Configuration(new ConfigSource(ConfigSource.DIRECTORY), HostFit.here());
  }

  /** Where it is read. */
  public ConfigSource source() {
    return source;
  }

  /**
   * The merged settings.
   *
   * @param settings each with its origin, sorted by key; none if there are problems
   * @param files those that were read
   * @param problems all that is wrong
   */
  public record Shown(List<Setting> settings, List<Path> files, List<Problem> problems) {}

  /** For {@code kapal config show}. */
  public Shown show() {
    return switch (source.load()) {
      case ConfigSource.Loaded.Good good -> new Shown(good.config().all(), good.files(), List.of());
      case ConfigSource.Loaded.Bad bad -> new Shown(List.of(), List.of(), bad.problems());
    };
  }

  /** For {@code kapal config import}; see {@link ConfigImporter#run}. */
  public ConfigImporter.Imported importFrom(Dialect dialect, Optional<Path> file, boolean dryRun) {
    return new ConfigImporter(source).run(dialect, file, dryRun);
  }

  /** For {@code kapal runtime install}; see {@link RuntimeInstaller#install}. */
  public RuntimeInstaller.Installed installRuntime(String name, Path program, List<String> args) {
    return new RuntimeInstaller(source, host).install(name, program, args);
  }

  /**
   * What a reload gave.
   *
   * @param config what counts from now on: the new configuration, or the old one if there are
   *     problems
   * @param diff what is different
   * @param problems all that is wrong with the files
   */
  public record Reloaded(KapalConfig config, ConfigDiff diff, List<Problem> problems) {
    /** Whether the new configuration counts. */
    public boolean applied() {
      return problems.isEmpty();
    }
  }

  /** For {@code kapal system reload} and SIGHUP: all of the files, or nothing. */
  public Reloaded reload(KapalConfig current) {
    return switch (source.load()) {
      case ConfigSource.Loaded.Good good ->
          new Reloaded(good.config(), ConfigDiff.between(current, good.config()), List.of());
      case ConfigSource.Loaded.Bad bad ->
          new Reloaded(current, new ConfigDiff(List.of()), bad.problems());
    };
  }
}

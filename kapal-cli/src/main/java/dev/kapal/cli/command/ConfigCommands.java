package dev.kapal.cli.command;

import static dev.kapal.cli.model.Option.flag;
import static dev.kapal.cli.model.Option.value;

import dev.kapal.cli.context.LiveConfiguration;
import dev.kapal.cli.model.Completion;
import dev.kapal.cli.model.Group;
import dev.kapal.cli.model.Invocation;
import dev.kapal.cli.model.Leaf;
import dev.kapal.cli.model.UsageException;
import dev.kapal.cli.output.Text;
import dev.kapal.cli.template.Struct;
import dev.kapal.config.ConfigDiff;
import dev.kapal.config.ConfigImporter;
import dev.kapal.config.ConfigSource;
import dev.kapal.config.KapalConfig;
import dev.kapal.config.foreign.Dialect;
import dev.kapal.config.foreign.Finding;
import dev.kapal.config.foreign.Outcome;
import dev.kapal.config.schema.Setting;
import dev.kapal.config.text.Problem;
import dev.kapal.config.text.TomlWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/** config show and import, and system reload. */
final class ConfigCommands {
  private static final Listing LISTING =
      Listing.of(
          List.of("Key", "Value", "Origin"),
          "Key",
          "KEY",
          "Value",
          "VALUE",
          "Origin",
          "ORIGIN",
          "Effective",
          "EFFECTIVE");

  private ConfigCommands() {}

  private static final Leaf SHOW =
      Leaf.named("show")
          .summary("Show the configuration that counts, and where each value comes from")
          .description(
              "Show the configuration as the daemon read it last: all files merged, with the defaults and the"
                  + " daemon's own options. Each line names the file and line of its value. Files that were"
                  + " changed since then are told on standard error.")
          .example("kapal config show", "as TOML")
          .example("kapal config show --format json", "a JSON object a line")
          .options(Listing.FORMAT)
          .does(ConfigCommands::show);

  private static final Leaf IMPORT =
      Leaf.named("import")
          .summary("Take over the configuration of another engine")
          .description(
              "Read the configuration of another engine and write what it means to Kapal into config.d. Each"
                  + " setting is told with what became of it: taken, translated, not applicable and why, or"
                  + " mistaken and how. Nothing is written if the engine itself could not read the file.")
          .operands("[FILE]", 0, 1)
          .completesOnly(Completion.FILE)
          .example("kapal config import --from docker --dry-run", "look first")
          .example("kapal config import --from crio ./crio.conf", "a file from elsewhere")
          .options(
              value("from", "ENGINE", "Whose: docker, containerd, crio or crictl")
                  .among("docker", "containerd", "crio", "crictl"),
              flag("dry-run", "Write nothing, and print what would be written"))
          .does(ConfigCommands::takeOver);

  static final Leaf RELOAD =
      Leaf.named("reload")
          .summary("Read the configuration again")
          .description(
              "Read all files of the configuration again and take them over as a whole. If anything is wrong in"
                  + " any of them, all of it is told, nothing is changed, and the exit status is 1. What needs a"
                  + " restart of the daemon is said so.")
          .example("kapal system reload", "after a file was changed")
          .does(ConfigCommands::reload);

  static final Group GROUP =
      new Group(
          "config",
          List.of(),
          "The configuration: show it, take over another engine's",
          SystemCommands.ENGINE,
          false,
          List.of(IMPORT, SHOW));

  private static int show(Invocation i) {
    LiveConfiguration live = i.services().configuration();
    KapalConfig config = live.current();
    Set<Setting> idle = Set.copyOf(config.withoutEffect());
    String format = i.arguments().value("format").orElse("");
    if (format.isEmpty()) {
      for (Setting setting : config.all()) {
        i.out()
            .line(
                tame(setting.line())
                    + "  "
                    + i.style().dim("# " + tame(setting.origin()))
                    + i.style().dim(idle.contains(setting) ? ", without effect yet" : ""));
      }
    } else {
      boolean json = format.equals("json");
      LISTING.print(
          i,
          config.all().stream()
              .map(s ->
                  new Struct()
                      .with("Key", s.path().toString())
                      .with("Value", json ? s.value().plain() : TomlWriter.value(s.value()))
                      .with("Origin", s.origin())
                      .with("Effective", !idle.contains(s)))
              .toList());
    }
    i.out().flush();
    differences(i, live);
    return 0;
  }

  /** Says what is not as it is shown: files changed meanwhile, settings that wait for a restart. */
  private static void differences(Invocation i, LiveConfiguration live) {
    for (LiveConfiguration.Change change : live.pending()) {
      i.err().line("Note: " + tame(change.line()));
    }
    switch (live.source().load()) {
      case ConfigSource.Loaded.Good good -> {
        int changes = ConfigDiff.between(live.current(), good.config()).changes().size();
        if (changes > 0) {
          i.err()
              .line(
                  "Note: the files were changed since ("
                      + changes
                      + (changes == 1 ? " setting" : " settings")
                      + "): kapal system reload");
        }
      }
      case ConfigSource.Loaded.Bad bad -> {
        i.err().line("Note: the files were changed since, and have faults:");
        problems(i, bad.problems());
      }
    }
  }

  private static int takeOver(Invocation i) {
    String word =
        i.arguments()
            .value("from")
            .orElseThrow(() ->
                new UsageException(
                    "--from is missing: say whose configuration, docker, containerd, crio or crictl"));
    Dialect dialect =
        Dialect.of(word)
            .orElseThrow(() ->
                new UsageException(
                    "--from \""
                        + word
                        + "\" is not known: use docker, containerd, crio or crictl"));
    Optional<Path> file =
        i.operands().stream()
            .findFirst()
            .map(name -> Path.of(i.context().resolve(name)).normalize());
    boolean dry = i.flag("dry-run");
    ConfigImporter.Imported done =
        new ConfigImporter(i.services().configuration().source()).run(dialect, file, dry);
    done.report().findings().forEach(finding -> i.out().line(line(i, finding)));
    i.out().line(summary(done.report().findings()));
    i.out().flush();
    if (!done.report().readable()) {
      i.err().line("kapal: nothing was written: " + dialect.engine() + " refuses that file, too");
      return 1;
    }
    if (done.report().settings().isEmpty()) {
      i.out().line("There is nothing to set.");
    } else if (dry) {
      i.out().line("\nThis would be " + tame(done.file().toString()) + ":\n");
      i.out().print(done.text());
    } else if (done.written()) {
      i.out().line("Written: " + tame(done.file().toString()) + "; now: kapal system reload");
    }
    return 0;
  }

  private static String line(Invocation i, Finding finding) {
    String text = tame(finding.toString());
    return finding.outcome() == Outcome.MISTAKE || finding.outcome() == Outcome.UNKNOWN
        ? i.style().red(text)
        : text;
  }

  private static String summary(List<Finding> findings) {
    String counts =
        findings.stream()
            .collect(
                Collectors.groupingBy(
                    Finding::outcome, java.util.TreeMap::new, Collectors.counting()))
            .entrySet()
            .stream()
            .map(e -> e.getValue() + " " + e.getKey().word())
            .collect(Collectors.joining(", "));
    return counts.isEmpty() ? "No settings found." : "Settings: " + counts + ".";
  }

  private static int reload(Invocation i) {
    LiveConfiguration.Reloaded done = i.services().configuration().reload();
    if (!done.problems().isEmpty()) {
      i.err().line("kapal: the configuration has faults; nothing was changed:");
      problems(i, done.problems());
      return 1;
    }
    done.changes().forEach(change -> i.out().line(tame(change.line())));
    if (done.changes().isEmpty()) {
      i.out().line("Nothing has changed.");
    }
    return 0;
  }

  private static void problems(Invocation i, List<Problem> problems) {
    problems.forEach(problem -> i.err().line("  " + tame(problem.toString())));
  }

  private static String tame(String text) {
    return Text.tame(text);
  }
}

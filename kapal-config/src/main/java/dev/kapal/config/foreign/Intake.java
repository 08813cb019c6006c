package dev.kapal.config.foreign;

import dev.kapal.config.schema.SchemaCheck;
import dev.kapal.config.schema.Setting;
import dev.kapal.config.text.KeyPath;
import dev.kapal.config.text.Node;
import dev.kapal.config.text.Parsed;
import dev.kapal.config.text.Position;
import dev.kapal.config.text.Problem;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;

/** Collects what is read from another engine's files. Owned by one reader. */
final class Intake {
  private static final int MOST_FINDINGS = 10_000;

  private final Dialect dialect;
  private final List<Path> files = new ArrayList<>();
  private final Set<Finding> findings = new LinkedHashSet<>();
  private final SortedMap<KeyPath, Setting> settings = new TreeMap<>();
  private boolean readable = true;

  Intake(Dialect dialect) {
    this.dialect = dialect;
  }

  Dialect dialect() {
    return dialect;
  }

  /** Notes a file and what is wrong with its syntax. */
  void file(Path file, Parsed parsed) {
    files.add(file);
    for (Problem problem : parsed.problems()) {
      add(
          problem.at(),
          problem.key(),
          Outcome.MISTAKE,
          problem.message()
              + problem.nearest().map(n -> "; did you mean \"" + n + "\"?").orElse(""));
    }
    readable = readable && !parsed.refused();
  }

  void unreadable(Position at, String message) {
    add(at, "", Outcome.MISTAKE, message);
    readable = false;
  }

  void add(Position at, String key, Outcome outcome, String message) {
    if (findings.size() < MOST_FINDINGS) {
      findings.add(new Finding(at, key, outcome, message));
    }
  }

  /** Whether there is so much that guessing at names is no longer of use. */
  boolean crowded() {
    return findings.size() > 500;
  }

  void notApplicable(Found found, String reason) {
    add(found.at(), found.key(), Outcome.NOT_APPLICABLE, reason);
  }

  void mistake(Found found, String message) {
    add(found.at(), found.key(), Outcome.MISTAKE, message);
  }

  /** Sets a value that stands as it is in the file. */
  void take(Found found, Node value, String... path) {
    set(found, Outcome.TAKEN, value, path);
  }

  /** Sets a value that was made from the file's. */
  void translate(Found found, Node value, String... path) {
    set(found, Outcome.TRANSLATED, value, path);
  }

  private void set(Found found, Outcome outcome, Node value, String... path) {
    Setting setting = new Setting(KeyPath.of(path), value.movedTo(found.at()));
    Optional<Problem> problem = SchemaCheck.check(setting);
    if (problem.isPresent()) {
      mistake(found, "not taken: " + problem.get().key() + " " + problem.get().message());
      return;
    }
    settings.put(setting.path(), setting);
    add(found.at(), found.key(), outcome, setting.line());
  }

  /** Adds strings to an array. */
  void append(Found found, Outcome outcome, Collection<String> texts, String... path) {
    Set<String> all = new LinkedHashSet<>();
    if (find(path).orElse(null) instanceof Node.Array before) {
      all.addAll(before.texts());
    }
    all.addAll(texts);
    set(found, outcome, Node.Array.of(found.at(), List.copyOf(all)), path);
  }

  /** What was set so far. */
  Optional<Node> find(String... path) {
    return Optional.ofNullable(settings.get(KeyPath.of(path))).map(Setting::value);
  }

  /** The names of the runtimes that were set so far. */
  List<String> runtimes() {
    return settings.keySet().stream()
        .filter(k -> k.parts().getFirst().equals("runtimes"))
        .map(k -> k.parts().get(1))
        .distinct()
        .toList();
  }

  ForeignReport report() {
    return new ForeignReport(
        dialect,
        files,
        findings.stream().sorted(Comparator.comparing(Finding::at)).toList(),
        List.copyOf(settings.values()),
        readable);
  }
}

package dev.kapal.config.foreign;

import dev.kapal.config.text.KeyPath;
import dev.kapal.config.text.Nearest;
import dev.kapal.config.text.Node;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The keys that an engine knows, and what becomes of each. A part {@code *} of a name stands for
 * any word. A key that is in no row is unknown.
 */
final class KeyTable {
  private final String engine;
  private final List<Row> rows = new ArrayList<>();

  private record Row(List<String> pattern, Handler handler) {
    boolean leads(List<String> path) {
      if (path.size() > pattern.size()) {
        return false;
      }
      for (int i = 0; i < path.size(); i++) {
        if (!pattern.get(i).equals("*") && !pattern.get(i).equals(path.get(i))) {
          return false;
        }
      }
      return true;
    }

    boolean exact(List<String> path) {
      return path.size() == pattern.size() && leads(path);
    }

    Row prefix(int length) {
      return new Row(pattern.subList(0, length), handler);
    }

    long wildcards() {
      return pattern.stream().filter("*"::equals).count();
    }
  }

  KeyTable(String engine) {
    this.engine = engine;
  }

  /** A key, with {@code /} between the parts of its name. */
  KeyTable row(String pattern, Handler handler) {
    rows.add(new Row(List.of(pattern.split("/", -1)), handler));
    return this;
  }

  /** A key whose value is a setting of Kapal under another name. */
  KeyTable take(String pattern, String... path) {
    return row(pattern, (intake, found) -> takeUnlessEmpty(intake, found, path));
  }

  private static void takeUnlessEmpty(Intake intake, Found found, String... path) {
    if (found.isEmpty() && !(found.node() instanceof Node.Flag)) {
      intake.notApplicable(found, Found.UNSET);
    } else {
      intake.take(found, found.node(), path);
    }
  }

  /** Keys without a counterpart, for one reason. */
  KeyTable none(String reason, String... patterns) {
    for (String pattern : patterns) {
      row(pattern, (intake, found) -> intake.notApplicable(found, reason));
    }
    return this;
  }

  /** Walks a file's tree. */
  void read(Intake intake, Node.Table root) {
    table(intake, KeyPath.ROOT, root);
  }

  private void table(Intake intake, KeyPath path, Node.Table table) {
    for (Map.Entry<String, Node> entry : table.entries().entrySet()) {
      key(intake, new Found(path.child(entry.getKey()), entry.getValue()));
    }
  }

  /** Whether rows below this path name it more exactly than a row of the path itself does. */
  private boolean nearer(Row row, List<String> path) {
    return rows.stream()
        .filter(r -> r.pattern().size() > path.size() && r.leads(path))
        .anyMatch(r -> r.prefix(path.size()).wildcards() < row.wildcards());
  }

  private void key(Intake intake, Found found) {
    List<String> parts = found.path().parts();
    Optional<Row> row =
        rows.stream()
            .filter(r -> r.exact(parts))
            .min(java.util.Comparator.comparingLong(Row::wildcards));
    if (row.isPresent() && !nearer(row.get(), parts)) {
      row.get().handler().handle(intake, found);
      return;
    }
    if (rows.stream().anyMatch(r -> r.leads(parts))) {
      if (found.node() instanceof Node.Table table) {
        table(intake, found.path(), table);
      } else {
        intake.mistake(found, "this is a table in " + engine + ", not " + found.node().what());
      }
      return;
    }
    int depth = parts.size() - 1;
    List<String> siblings =
        rows.stream()
            .filter(r -> r.leads(parts.subList(0, depth)) && r.pattern().size() > depth)
            .map(r -> r.pattern().get(depth))
            .filter(p -> !p.equals("*"))
            .distinct()
            .toList();
    intake.add(
        found.at(),
        found.key(),
        Outcome.UNKNOWN,
        engine
            + " knows no such key"
            + Nearest.of(intake.crowded() ? "" : parts.getLast(), siblings)
                .map(n -> "; did you mean \"" + n + "\"?")
                .orElse(""));
  }
}

package dev.kapal.config.schema;

import dev.kapal.config.text.KeyPath;
import dev.kapal.config.text.Nearest;
import dev.kapal.config.text.Node;
import dev.kapal.config.text.Problem;
import dev.kapal.config.text.TomlWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Compares a file's tree with the schema. */
public final class SchemaCheck {
  private static final Set<String> ULIMITS =
      Set.of(
          "as",
          "core",
          "cpu",
          "data",
          "fsize",
          "locks",
          "memlock",
          "msgqueue",
          "nice",
          "nofile",
          "nproc",
          "rss",
          "rtprio",
          "rttime",
          "sigpending",
          "stack");
  private static final String NAME = "[A-Za-z0-9][A-Za-z0-9_.-]{0,63}";

  private static final int MOST_PROBLEMS = 100;

  private final List<Setting> settings = new ArrayList<>();
  private final List<Problem> problems = new ArrayList<>();

  private SchemaCheck() {}

  /**
   * What a tree sets.
   *
   * @param settings those without fault
   * @param problems what is wrong with the others
   */
  public record Result(List<Setting> settings, List<Problem> problems) {
    public Result {
      settings = List.copyOf(settings);
      problems = List.copyOf(problems);
    }
  }

  /** Checks a whole tree. */
  public static Result check(Node.Table root) {
    SchemaCheck check = new SchemaCheck();
    check.table(KeyPath.ROOT, root);
    return new Result(check.settings, check.problems);
  }

  /** What is wrong with one setting, if anything. */
  public static Optional<Problem> check(Setting setting) {
    SchemaCheck check = new SchemaCheck();
    check.node(setting.path(), setting.value());
    return check.problems.stream().findFirst();
  }

  private void table(KeyPath path, Node.Table table) {
    for (Map.Entry<String, Node> entry : table.entries().entrySet()) {
      node(path.child(entry.getKey()), entry.getValue());
    }
  }

  private void node(KeyPath path, Node node) {
    if (problems.size() >= MOST_PROBLEMS) {
      return;
    }
    Optional<Key> key = Schema.find(path);
    if (key.isPresent()) {
      value(path, key.get(), node);
      return;
    }
    List<Key> within = Schema.KEYS.stream().filter(k -> k.isIn(path)).toList();
    if (within.isEmpty()) {
      unknown(path, node);
    } else if (node instanceof Node.Table table) {
      if (name(path, node, within)) {
        table(path, table);
      }
    } else {
      problem(node, path, "is a table, not " + node.what() + ": write [" + path + "]");
    }
  }

  /** Whether a name that the user chose will do. */
  private boolean name(KeyPath path, Node node, List<Key> within) {
    boolean chosen = Key.any(within.getFirst().path().parts().get(path.parts().size() - 1));
    if (chosen && !path.last().matches(NAME)) {
      problem(
          node,
          path,
          "is no name for a runtime: up to 64 letters, digits, \"_\", \".\" and \"-\", a letter or"
              + " digit first");
      return false;
    }
    return true;
  }

  private void value(KeyPath path, Key key, Node node) {
    if (path.parts().subList(0, path.parts().size() - 1).equals(List.of("containers", "ulimits"))
        && !ULIMITS.contains(path.last())) {
      problems.add(
          new Problem(
              node.at(),
              path.toString(),
              "is no resource limit that Linux has",
              Nearest.of(path.last(), ULIMITS),
              true));
      return;
    }
    if (!key.type().holds(node)) {
      problem(
          node,
          path,
          "must be "
              + key.type().what()
              + ", not "
              + shown(node)
              + ": "
              + key.type().example().replace("key", TomlWriter.key(path.last())));
      return;
    }
    Optional<String> broken = key.rule().broken(key.type(), node);
    if (broken.isPresent()) {
      problems.add(
          new Problem(
              node.at(),
              path.toString(),
              broken.get() + ", not " + shown(node),
              key.rule().nearest(node),
              true));
      return;
    }
    settings.add(new Setting(path, node));
  }

  private static String shown(Node node) {
    String text = node instanceof Node.Table ? "a table" : TomlWriter.value(node);
    return text.length() <= 80 ? text : node.what();
  }

  private void unknown(KeyPath path, Node node) {
    int depth = path.parts().size() - 1;
    KeyPath table = new KeyPath(path.parts().subList(0, depth));
    List<String> siblings =
        Schema.KEYS.stream()
            .filter(k -> k.isIn(table))
            .map(k -> k.path().parts().get(depth))
            .filter(part -> !Key.any(part))
            .distinct()
            .toList();
    Optional<String> nearest = Nearest.of(path.last(), siblings);
    if (nearest.isEmpty()) {
      // The right word in the wrong table.
      nearest =
          Schema.KEYS.stream()
              .filter(k -> k.path().last().equals(path.last()))
              .map(Key::name)
              .findFirst();
    }
    if (nearest.isEmpty()) {
      nearest =
          Nearest.of(path.last(), Schema.KEYS.stream().map(k -> k.path().last()).toList())
              .flatMap(word ->
                  Schema.KEYS.stream()
                      .filter(k -> k.path().last().equals(word))
                      .map(Key::name)
                      .findFirst());
    }
    problems.add(
        new Problem(
            node.at(),
            path.toString(),
            table.parts().isEmpty()
                ? "is no key or table that Kapal knows"
                : "is no key that [" + table + "] has",
            nearest,
            true));
  }

  private void problem(Node node, KeyPath path, String message) {
    problems.add(Problem.error(node.at(), path.toString(), message));
  }
}

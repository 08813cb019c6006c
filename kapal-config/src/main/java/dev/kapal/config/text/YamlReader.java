package dev.kapal.config.text;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.composer.Composer;
import org.snakeyaml.engine.v2.exceptions.Mark;
import org.snakeyaml.engine.v2.exceptions.MarkedYamlEngineException;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;
import org.snakeyaml.engine.v2.nodes.MappingNode;
import org.snakeyaml.engine.v2.nodes.NodeTuple;
import org.snakeyaml.engine.v2.nodes.ScalarNode;
import org.snakeyaml.engine.v2.nodes.SequenceNode;
import org.snakeyaml.engine.v2.nodes.Tag;
import org.snakeyaml.engine.v2.parser.ParserImpl;
import org.snakeyaml.engine.v2.scanner.StreamReader;

/** Reads YAML 1.2 files of one or more documents whose roots are mappings. Aliases are refused. */
public final class YamlReader {
  private static final int DEEPEST = 64;
  private static final int MOST_DOCUMENTS = 64;

  private YamlReader() {}

  /** Reads the first document; never throws. */
  public static Parsed read(String file, String text) {
    List<Parsed> all = documents(file, text);
    return all.isEmpty()
        ? new Parsed(Node.Table.empty(new Position(file, 1, 1)), List.of())
        : all.getFirst();
  }

  /** Reads all documents; never throws. What cannot be read ends the list with its problem. */
  public static List<Parsed> documents(String file, String text) {
    LoadSettings settings =
        LoadSettings.builder()
            .setLabel(file)
            .setUseMarks(true)
            .setMaxAliasesForCollections(0)
            .setAllowRecursiveKeys(false)
            .setCodePointLimit(ConfigFiles.LARGEST)
            .build();
    List<Parsed> all = new ArrayList<>();
    try {
      Composer composer =
          new Composer(settings, new ParserImpl(settings, new StreamReader(settings, text)));
      while (composer.hasNext()) {
        if (all.size() >= MOST_DOCUMENTS) {
          all.add(Parsed.failed(Problem.error(Position.of(file), "", "too many documents")));
          break;
        }
        all.add(document(file, composer.next()));
      }
    } catch (MarkedYamlEngineException e) {
      Position at = e.getProblemMark().map(m -> position(file, m)).orElse(Position.of(file));
      all.add(
          Parsed.failed(
              Problem.error(at, "", "this is not YAML: " + e.getProblem() + hint(text, at))));
    } catch (YamlEngineException e) {
      all.add(
          Parsed.failed(
              Problem.error(
                  Position.of(file),
                  "",
                  "this is not YAML: "
                      + Optional.ofNullable(e.getMessage())
                          .orElse("")
                          .lines()
                          .findFirst()
                          .orElse(""))));
    } catch (RuntimeException | StackOverflowError e) {
      all.add(
          Parsed.failed(
              Problem.error(
                  Position.of(file), "", "this is not YAML that can be read: " + e.getMessage())));
    }
    return List.copyOf(all);
  }

  private static Parsed document(String file, org.snakeyaml.engine.v2.nodes.Node root) {
    List<Problem> problems = new ArrayList<>();
    Node node = node(file, root, place(file, root), 0, problems, new HashMap<>());
    if (node instanceof Node.Table table) {
      return new Parsed(table, problems);
    }
    if (!(node instanceof Node.Other)) {
      problems.add(
          Problem.error(node.at(), "", "the file holds " + node.what() + ", not key: value lines"));
    }
    return new Parsed(Node.Table.empty(node.at()), problems);
  }

  private static String hint(String text, Position at) {
    String line = text.lines().skip(Math.max(0, at.line() - 1)).findFirst().orElse("");
    return line.contains("\t") ? ". YAML indents with spaces, never with tabs" : "";
  }

  private static Position position(String file, Mark mark) {
    return new Position(file, mark.getLine() + 1, mark.getColumn() + 1);
  }

  private static Position place(String file, org.snakeyaml.engine.v2.nodes.Node node) {
    return node.getStartMark().map(m -> position(file, m)).orElse(Position.of(file));
  }

  private static Node node(
      String file,
      org.snakeyaml.engine.v2.nodes.Node node,
      Position at,
      int depth,
      List<Problem> problems,
      Map<org.snakeyaml.engine.v2.nodes.Node, Boolean> seen) {
    if (depth > DEEPEST) {
      problems.add(Problem.error(at, "", "this is nested more than " + DEEPEST + " deep"));
      return Node.Table.empty(at);
    }
    if (!(node instanceof ScalarNode) && seen.put(node, true) != null) {
      problems.add(Problem.error(at, "", "aliases are not read here; write the value out"));
      return Node.Table.empty(at);
    }
    return switch (node) {
      case MappingNode mapping -> {
        Map<String, Node> entries = new LinkedHashMap<>();
        for (NodeTuple tuple : mapping.getValue()) {
          Position keyAt = place(file, tuple.getKeyNode());
          if (!(tuple.getKeyNode() instanceof ScalarNode key)) {
            problems.add(Problem.error(keyAt, "", "a key is a word"));
            continue;
          }
          Node value = node(file, tuple.getValueNode(), keyAt, depth + 1, problems, seen);
          if (entries.put(key.getValue(), value) != null) {
            problems.add(Problem.error(keyAt, key.getValue(), "stands here for the second time"));
          }
        }
        yield new Node.Table(at, entries);
      }
      case SequenceNode sequence -> {
        List<Node> items = new ArrayList<>();
        for (org.snakeyaml.engine.v2.nodes.Node item : sequence.getValue()) {
          items.add(node(file, item, place(file, item), depth + 1, problems, seen));
        }
        yield new Node.Array(at, items);
      }
      case ScalarNode scalar -> scalar(scalar, at);
      default -> new Node.Other(at, "an anchor", "");
    };
  }

  private static Node scalar(ScalarNode scalar, Position at) {
    String value = scalar.getValue();
    if (scalar.getTag().equals(Tag.BOOL)) {
      return new Node.Flag(at, value.equalsIgnoreCase("true"));
    }
    if (scalar.getTag().equals(Tag.NULL)) {
      return new Node.Other(at, "null", value);
    }
    try {
      if (scalar.getTag().equals(Tag.INT)) {
        return new Node.Whole(at, Long.parseLong(value));
      }
      if (scalar.getTag().equals(Tag.FLOAT)) {
        return new Node.Real(at, Double.parseDouble(value));
      }
    } catch (NumberFormatException _) {
      // 0o17, .inf and the like are no settings that we read as numbers.
    }
    return new Node.Text(at, value);
  }
}

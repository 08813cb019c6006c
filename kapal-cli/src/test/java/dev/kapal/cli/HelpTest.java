package dev.kapal.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kapal.cli.command.Commands;
import dev.kapal.cli.model.Command;
import dev.kapal.cli.model.Group;
import dev.kapal.cli.model.Help;
import dev.kapal.cli.model.Leaf;
import dev.kapal.cli.output.Style;
import dev.kapal.cli.output.Text;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class HelpTest {
  private record Named(String path, Command command) {}

  private static List<Named> all() {
    List<Named> all = new ArrayList<>();
    collect("kapal", Commands.tree(), all);
    return all;
  }

  private static void collect(String path, Command command, List<Named> into) {
    into.add(new Named(path, command));
    if (command instanceof Group group) {
      group.children().forEach(child -> collect(path + " " + child.name(), child, into));
    }
  }

  @Test
  void helpOfEveryCommandIsAsKept() {
    StringBuilder text = new StringBuilder();
    for (Named named : all()) {
      if (!named.command().hidden()) {
        text.append("=== ").append(named.path()).append('\n');
        text.append(Help.of(named.path(), named.command(), 80, Style.PLAIN)).append('\n');
      }
    }
    Golden.check("help-80.txt", text.toString());
  }

  @Test
  void everyCommandHasASummaryAndAnExample() {
    for (Named named : all()) {
      assertThat(named.command().summary()).as(named.path()).isNotBlank().doesNotEndWith("..");
      if (named.command() instanceof Leaf leaf && !leaf.hidden()) {
        assertThat(leaf.examples()).as(named.path()).isNotEmpty();
        leaf.examples().forEach(e -> assertThat(e.line()).as(named.path()).contains("kapal "));
      }
    }
  }

  @Test
  void helpFitsTheWidthWhereWordsAllow() {
    for (int width : List.of(80, 100, 120)) {
      for (Named named : all()) {
        boolean example = false;
        for (String line : Help.of(named.path(), named.command(), width, Style.PLAIN).split("\n")) {
          example = example ? !line.isEmpty() : line.equals("Examples:");
          if (!example && !line.startsWith("Usage:")) {
            assertThat(Text.width(line)).as(named.path() + ": " + line).isLessThanOrEqualTo(width);
          }
        }
      }
    }
  }

  @Test
  void theExamplesParse() {
    for (Named named : all()) {
      if (!(named.command() instanceof Leaf leaf)) {
        continue;
      }
      for (Leaf.Example example : leaf.examples()) {
        String line = example.line();
        int at = line.indexOf(named.path() + " ");
        if (at < 0
            || line.contains("$(")
            || line.contains("'")
            || line.contains("|")
            || line.contains("<")
            || line.contains(">")
            || line.contains("\"")) {
          continue;
        }
        List<String> words =
            List.of(line.substring(at + named.path().length()).strip().split(" +"));
        dev.kapal.cli.model.ArgumentParser.parse(leaf, words);
      }
    }
  }

  @Test
  void helpIsReachedEveryWay() {
    Harness h = new Harness();
    assertThat(h.run().out()).contains("Usage:  kapal COMMAND");
    assertThat(h.run("--help").out()).isEqualTo(h.run().out());
    assertThat(h.run("help", "volume", "create").out()).startsWith("Usage:  kapal volume create");
    assertThat(h.run("volume", "create", "--help").out())
        .isEqualTo(h.run("help", "volume", "create").out());
    assertThat(h.run("ps", "-h").out()).startsWith("Usage:  kapal ps");
    assertThat(h.run("run", "--help").status()).isZero();
  }
}

package dev.kapal.cli.model;

import dev.kapal.cli.output.Style;
import dev.kapal.cli.output.Text;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Writes help from the command model, wrapped to a width. Pure: the same model and width give the
 * same text.
 */
public final class Help {
  private static final int WIDEST = 120;
  private static final int NARROWEST = 40;
  private static final int WIDEST_LEFT = 36;

  private final StringBuilder out = new StringBuilder();
  private final Style style;
  private final int width;

  private Help(int columns, Style style) {
    this.width = Math.clamp(columns, NARROWEST, WIDEST);
    this.style = style;
  }

  /**
   * Help of a group or a command.
   *
   * @param path the words that call it, as {@code kapal volume ls}
   */
  public static String of(String path, Command command, int columns, Style style) {
    Help help = new Help(columns, style);
    switch (command) {
      case Group group -> help.group(path, group);
      case Leaf leaf -> help.leaf(path, leaf);
    }
    return help.out.toString();
  }

  private void group(String path, Group group) {
    usage(path + " COMMAND");
    paragraph(group.summary());
    Map<String, List<String[]>> sections = new LinkedHashMap<>();
    for (Command child : group.children()) {
      if (!child.hidden()) {
        sections
            .computeIfAbsent(child.section(), heading -> new ArrayList<>())
            .add(new String[] {child.name(), child.summary()});
      }
    }
    int left =
        group.children().stream()
            .filter(child -> !child.hidden())
            .mapToInt(child -> child.name().length())
            .max()
            .orElse(0);
    sections.forEach((heading, rows) -> rows(heading, rows, left));
    out.append('\n');
    Text.wrap("Run '" + path + " COMMAND --help' for more on a command.", width)
        .forEach(line -> out.append(line).append('\n'));
  }

  private void leaf(String path, Leaf leaf) {
    boolean options = leaf.options().stream().anyMatch(option -> !option.hidden());
    usage(
        path
            + (options ? " [OPTIONS]" : "")
            + (leaf.operands().isEmpty() ? "" : " " + leaf.operands()));
    paragraph(leaf.description());
    if (!leaf.aliases().isEmpty()) {
      heading("Aliases");
      out.append("  ").append(leaf.name());
      leaf.aliases().forEach(alias -> out.append(", ").append(alias));
      out.append('\n');
    }
    examples(leaf);
    options(leaf);
  }

  private void usage(String line) {
    out.append(style.bold("Usage:")).append("  ").append(line).append('\n');
  }

  private void heading(String text) {
    out.append('\n').append(style.bold(text + ":")).append('\n');
  }

  private void paragraph(String text) {
    out.append('\n');
    Text.wrap(text, width).forEach(line -> out.append(line).append('\n'));
  }

  private void examples(Leaf leaf) {
    if (leaf.examples().isEmpty()) {
      return;
    }
    heading("Examples");
    for (Leaf.Example example : leaf.examples()) {
      Text.wrap("# " + example.what(), width - 2)
          .forEach(line -> out.append("  ").append(style.dim(line)).append('\n'));
      out.append("  ").append(example.line()).append('\n');
    }
  }

  private void options(Leaf leaf) {
    Map<String, List<String[]>> sections = new LinkedHashMap<>();
    for (Option option : leaf.options()) {
      if (!option.hidden()) {
        sections
            .computeIfAbsent(option.section(), heading -> new ArrayList<>())
            .add(new String[] {names(option), option.help()});
      }
    }
    int left =
        sections.values().stream()
            .flatMap(List::stream)
            .mapToInt(row -> row[0].length())
            .filter(length -> length <= WIDEST_LEFT)
            .max()
            .orElse(0);
    sections.forEach((heading, rows) -> rows(heading, rows, left));
  }

  private static String names(Option option) {
    String letter = option.hasLetter() ? "-" + option.letter() + ", " : "    ";
    String value = option.placeholder().isEmpty() ? "" : " " + option.placeholder();
    return letter + "--" + option.name() + value;
  }

  private void rows(String heading, List<String[]> rows, int widest) {
    heading(heading);
    int left = Math.min(widest, Math.max(12, width / 2 - 4));
    int right = left + 5;
    for (String[] row : rows) {
      out.append("  ").append(row[0]);
      int column = 2 + row[0].length();
      if (row[0].length() > left) {
        out.append('\n');
        column = 0;
      }
      for (String line : Text.wrap(row[1], Math.max(20, width - right))) {
        out.repeat(' ', right - column).append(line).append('\n');
        column = 0;
      }
    }
  }
}

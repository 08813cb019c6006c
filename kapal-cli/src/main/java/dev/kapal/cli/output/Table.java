package dev.kapal.cli.output;

import java.util.ArrayList;
import java.util.List;

/**
 * Rows of cells, each column as wide as its widest cell, three spaces between. Used by one thread.
 */
public final class Table {
  private static final int GAP = 3;
  private static final int NARROWEST = 10;

  private final List<List<String>> rows = new ArrayList<>();

  /** A table whose first row is the heading. */
  public static Table of(String... heading) {
    Table table = new Table();
    table.row(List.of(heading));
    return table;
  }

  /** Adds a row. Control characters in its cells are made visible. */
  public Table row(List<String> cells) {
    rows.add(cells.stream().map(Text::tame).toList());
    return this;
  }

  public Table row(String... cells) {
    return row(List.of(cells));
  }

  /** The whole table, a line feed after each row; no spaces at the ends of lines. */
  public String render() {
    List<Integer> widths = widths();
    StringBuilder out = new StringBuilder();
    for (List<String> row : rows) {
      StringBuilder line = new StringBuilder();
      for (int i = 0; i < row.size(); i++) {
        String cell = row.get(i);
        line.append(cell);
        if (i < row.size() - 1) {
          line.repeat(' ', widths.get(i) - Text.width(cell));
        }
      }
      out.append(line.toString().stripTrailing()).append('\n');
    }
    return out.toString();
  }

  private List<Integer> widths() {
    List<Integer> widths = new ArrayList<>();
    for (List<String> row : rows) {
      for (int i = 0; i < row.size(); i++) {
        int width = Math.max(NARROWEST, Text.width(row.get(i)) + GAP);
        if (i == widths.size()) {
          widths.add(width);
        } else {
          widths.set(i, Math.max(widths.get(i), width));
        }
      }
    }
    return widths;
  }
}

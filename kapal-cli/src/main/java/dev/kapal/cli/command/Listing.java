package dev.kapal.cli.command;

import dev.kapal.cli.model.Invocation;
import dev.kapal.cli.model.Option;
import dev.kapal.cli.output.Json;
import dev.kapal.cli.output.Table;
import dev.kapal.cli.output.Text;
import dev.kapal.cli.template.Function;
import dev.kapal.cli.template.Struct;
import dev.kapal.cli.template.Template;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Prints rows as a table, as JSON lines, or by a template.
 *
 * @param headings the heading of each field that a row may have
 * @param columns the fields of the usual table, in order
 */
record Listing(Map<String, String> headings, List<String> columns) {
  /** The option that every list has. */
  static final Option FORMAT =
      Option.value(
              "format",
              "FORMAT",
              "Print by a Go template, 'json' for a JSON object a line, or 'table TEMPLATE' for a table")
          .among("json", "table");

  static final Option QUIET = Option.flag("quiet", "Print IDs or names only").letter('q');

  static final Option NO_TRUNC = Option.flag("no-trunc", "Do not shorten what is long");

  static final Option FILTER =
      Option.list("filter", "KEY=VALUE", "Show only what meets the condition").letter('f');

  /** Headings as FIELD, HEADING pairs. */
  static Listing of(List<String> columns, String... fieldsAndHeadings) {
    Map<String, String> headings = new LinkedHashMap<>();
    for (int i = 0; i < fieldsAndHeadings.length; i += 2) {
      headings.put(fieldsAndHeadings[i], fieldsAndHeadings[i + 1]);
    }
    return new Listing(headings, columns);
  }

  /** The same with other columns in the usual table. */
  Listing withColumns(List<String> others) {
    return new Listing(headings, others);
  }

  /** Prints rows by the command's --format. */
  void print(Invocation i, List<Struct> rows) {
    print(i, rows, i.arguments().value("format").orElse(""));
  }

  void print(Invocation i, List<Struct> rows, String format) {
    if (format.isEmpty() || format.equals("table")) {
      table(i, rows);
    } else if (format.equals("json")) {
      rows.forEach(row -> i.out().line(Json.compact(row.data())));
    } else if (format.startsWith("table ") || format.startsWith("table\t")) {
      Template template = Template.parse(unescape(format.substring(6)));
      Table table = new Table();
      table.row(cells(template.heading(heads())));
      rows.forEach(row -> table.row(cells(template.apply(row))));
      i.out().print(table.render());
    } else {
      Template template = Template.parse(unescape(format));
      rows.forEach(row -> i.out().line(template.apply(row)));
    }
  }

  private void table(Invocation i, List<Struct> rows) {
    Table table = new Table();
    table.row(columns.stream().map(field -> headings.getOrDefault(field, field)).toList());
    for (Struct row : rows) {
      table.row(columns.stream().map(field -> String.valueOf(row.get(field))).toList());
    }
    i.out().print(table.render());
  }

  private Struct heads() {
    Struct heads = new Struct();
    headings.forEach(heads::with);
    Function label =
        arguments -> {
          String name = arguments.isEmpty() ? "" : String.valueOf(arguments.getFirst());
          return Text.tame(name.substring(name.lastIndexOf('.') + 1));
        };
    return heads.with("Label", label);
  }

  private static List<String> cells(String line) {
    return new ArrayList<>(Arrays.asList(line.split("\t", -1)));
  }

  /** Shells make it hard to type a tab: docker takes the two characters for one. */
  static String unescape(String format) {
    return format.replace("\\t", "\t").replace("\\n", "\n");
  }
}

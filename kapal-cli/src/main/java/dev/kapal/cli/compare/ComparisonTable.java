package dev.kapal.cli.compare;

import dev.kapal.cli.output.Table;
import java.util.ArrayList;
import java.util.List;

/** A comparison as rows of text. */
final class ComparisonTable {
  private ComparisonTable() {}

  static String of(Comparison comparison) {
    List<String> heading = new ArrayList<>(List.of("RUNTIME", "TIER", "KERNEL INSIDE"));
    for (Metric metric : Metric.values()) {
      heading.add(metric.title().toUpperCase(java.util.Locale.ROOT));
    }
    heading.add("VERSION");
    Table table = Table.of(heading.toArray(String[]::new));
    for (Comparison.Measured m : comparison.measured()) {
      List<String> row = new ArrayList<>(List.of(m.name(), m.tier(), m.kernel()));
      for (Metric metric : Metric.values()) {
        var value = m.value(metric);
        row.add(value.isPresent() ? metric.text(value.getAsDouble()) : "-");
      }
      row.add(m.version());
      table.row(row);
    }
    return table.render();
  }
}

package dev.kapal.cli.parse;

import java.util.ArrayList;
import java.util.List;

/**
 * One line of comma-separated fields, quoted as in RFC 4180: how --mount and --network are written.
 */
final class Csv {
  private Csv() {}

  static List<String> fields(String option, String line) {
    List<String> fields = new ArrayList<>();
    StringBuilder field = new StringBuilder();
    boolean quoted = false;
    for (int i = 0; i < line.length(); i++) {
      char c = line.charAt(i);
      if (quoted) {
        if (c != '"') {
          field.append(c);
        } else if (i + 1 < line.length() && line.charAt(i + 1) == '"') {
          field.append('"');
          i++;
        } else {
          quoted = false;
        }
      } else if (c == '"' && field.isEmpty()) {
        quoted = true;
      } else if (c == '"') {
        throw Bad.value(
            option, line, "a quote is in the middle of a field", "quote the whole field");
      } else if (c == ',') {
        fields.add(field.toString());
        field.setLength(0);
      } else {
        field.append(c);
      }
    }
    if (quoted) {
      throw Bad.value(option, line, "a quote is not closed", "close it");
    }
    fields.add(field.toString());
    return fields;
  }
}

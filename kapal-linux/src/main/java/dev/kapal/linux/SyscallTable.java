package dev.kapal.linux;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** The resource files with one "name number" in each line. */
final class SyscallTable {
  private static final Map<String, Map<String, Integer>> TABLES = new ConcurrentHashMap<>();

  private SyscallTable() {}

  static Map<String, Integer> of(String resource) {
    Map<String, Integer> table = TABLES.get(resource);
    if (table == null) {
      table = load(resource);
      TABLES.put(resource, table);
    }
    return table;
  }

  private static Map<String, Integer> load(String resource) {
    try (InputStream in = SyscallTable.class.getResourceAsStream(resource)) {
      if (in == null) {
        throw new IllegalStateException("the module lacks its resource " + resource);
      }
      // By hand, since this is on the way of every start: streams cost tens of milliseconds there.
      String text = new String(in.readAllBytes(), StandardCharsets.US_ASCII);
      Map<String, Integer> table = LinkedHashMap.newLinkedHashMap(512);
      for (int start = 0; start < text.length(); ) {
        int end = text.indexOf('\n', start);
        int space = text.indexOf(' ', start);
        table.put(text.substring(start, space), Integer.parseInt(text, space + 1, end, 10));
        start = end + 1;
      }
      return Collections.unmodifiableMap(table);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}

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
    return TABLES.computeIfAbsent(resource, SyscallTable::load);
  }

  private static Map<String, Integer> load(String resource) {
    try (InputStream in = SyscallTable.class.getResourceAsStream(resource)) {
      if (in == null) {
        throw new IllegalStateException("the module lacks its resource " + resource);
      }
      Map<String, Integer> table = new LinkedHashMap<>();
      new String(in.readAllBytes(), StandardCharsets.US_ASCII)
          .lines()
          .map(line -> line.split(" ", 2))
          .forEach(part -> table.put(part[0], Integer.valueOf(part[1])));
      return Collections.unmodifiableMap(table);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}

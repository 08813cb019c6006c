package dev.kapal.cli.parse;

import dev.kapal.cli.model.UsageException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** KEY=VALUE lists: environment, labels, options, and the files that hold them. */
public final class Pairs {
  private Pairs() {}

  /** Pairs that need their value, like --log-opt. */
  public static Map<String, String> strict(String option, List<String> entries) {
    Map<String, String> map = new LinkedHashMap<>();
    for (String entry : entries) {
      int equals = entry.indexOf('=');
      if (equals <= 0) {
        throw Bad.value(option, entry, "it is not KEY=VALUE", "write as in key=value");
      }
      map.put(entry.substring(0, equals), entry.substring(equals + 1));
    }
    return map;
  }

  /** Pairs whose value may be left out, like --label. */
  public static Map<String, String> loose(String option, List<String> entries) {
    Map<String, String> map = new LinkedHashMap<>();
    for (String entry : entries) {
      int equals = entry.indexOf('=');
      String key = equals < 0 ? entry : entry.substring(0, equals);
      if (key.isBlank()) {
        throw Bad.value(option, entry, "it has no name", "write as in key=value");
      }
      map.put(key, equals < 0 ? "" : entry.substring(equals + 1));
    }
    return map;
  }

  /**
   * Environment entries: NAME=VALUE as it is; NAME alone takes the value of the client's
   * environment and is left out where that has none.
   */
  public static List<String> environment(
      String option, List<String> entries, Map<String, String> client) {
    List<String> result = new ArrayList<>();
    for (String entry : entries) {
      int equals = entry.indexOf('=');
      String name = equals < 0 ? entry : entry.substring(0, equals);
      if (name.isEmpty() || name.indexOf('\0') >= 0) {
        throw Bad.value(option, entry, "it has no name", "write NAME=VALUE or NAME");
      }
      if (equals >= 0) {
        result.add(entry);
      } else {
        Optional.ofNullable(client.get(name)).ifPresent(value -> result.add(name + "=" + value));
      }
    }
    return result;
  }

  /**
   * The lines of an environment or label file: one entry each, no quoting; empty lines and those
   * that begin with # do not count.
   */
  public static List<String> lines(String option, String file, String content) {
    List<String> entries = new ArrayList<>();
    int number = 0;
    String text = content.startsWith("\ufeff") ? content.substring(1) : content;
    for (String raw : text.split("\n", -1)) {
      number++;
      String line = raw.endsWith("\r") ? raw.substring(0, raw.length() - 1) : raw;
      line = line.stripLeading();
      if (line.isEmpty() || line.startsWith("#")) {
        continue;
      }
      int equals = line.indexOf('=');
      String name = equals < 0 ? line.strip() : line.substring(0, equals);
      if (name.isEmpty() || name.chars().anyMatch(Character::isWhitespace)) {
        throw new UsageException(
            "--%s %s, line %d: the name \"%s\" is empty or has a space in it; write NAME=VALUE"
                .formatted(option, file, number, name));
      }
      entries.add(equals < 0 ? name : line);
    }
    return entries;
  }
}

package dev.kapal.runtime.dropin;

import dev.kapal.oci.runtime.IntelRdt;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * Lines of a {@code schemata} file of resctrl, such as {@code L3:0=7f0;1=1f}: for each resource
 * what each of its domains allows. Numbers are compared without leading zeros, as the kernel pads
 * them.
 */
record Schemata(Map<String, Map<String, String>> resources) {
  /** Copies the map. */
  Schemata {
    resources = Map.copyOf(resources);
  }

  /**
   * Reads lines; empty ones are left out.
   *
   * @throws CommandFailed if one is no such line
   */
  static Schemata parse(List<String> lines) {
    Map<String, Map<String, String>> all = new TreeMap<>();
    for (String line : lines) {
      if (line.isBlank()) {
        continue;
      }
      int colon = line.indexOf(':');
      Map<String, String> domains =
          all.computeIfAbsent(line.substring(0, Math.max(0, colon)).strip(), _ -> new TreeMap<>());
      for (String domain : line.substring(colon + 1).split(";", -1)) {
        int equals = domain.indexOf('=');
        if (colon < 1 || equals < 1) {
          throw new CommandFailed(
              "linux.intelRdt: \"" + line + "\" is no schema; one is like L3:0=7f0;1=1f");
        }
        domains.put(number(domain.substring(0, equals)), number(domain.substring(equals + 1)));
      }
    }
    return new Schemata(all);
  }

  private static String number(String text) {
    return text.strip().toLowerCase(Locale.ROOT).replaceFirst("^0+(?=.)", "");
  }

  /** The first thing that the other one does not say as this one does; empty: it says it all. */
  Optional<String> missingFrom(Schemata other) {
    for (Map.Entry<String, Map<String, String>> resource : new TreeMap<>(resources).entrySet()) {
      Map<String, String> theirs = other.resources().getOrDefault(resource.getKey(), Map.of());
      for (Map.Entry<String, String> domain : resource.getValue().entrySet()) {
        if (!domain.getValue().equals(theirs.get(domain.getKey()))) {
          return Optional.of(resource.getKey() + ":" + domain.getKey() + "=" + domain.getValue());
        }
      }
    }
    return Optional.empty();
  }

  /**
   * What l3CacheSchema and memBwSchema say together: lines of the one that begin with MB: yield.
   */
  static List<String> combined(IntelRdt rdt) {
    List<String> lines = new ArrayList<>();
    for (String line : rdt.l3CacheSchema().lines().map(String::strip).toList()) {
      if (!line.isEmpty() && (rdt.memBwSchema().isEmpty() || !line.startsWith("MB:"))) {
        lines.add(line);
      }
    }
    if (!rdt.memBwSchema().isEmpty()) {
      lines.add(rdt.memBwSchema());
    }
    return lines;
  }
}

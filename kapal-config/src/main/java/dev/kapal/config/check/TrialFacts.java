package dev.kapal.config.check;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What the container of a trial saw of itself.
 *
 * @param sections of its output, by their names
 */
record TrialFacts(Map<String, String> sections) {
  TrialFacts {
    sections = Map.copyOf(sections);
  }

  static TrialFacts parse(String output) {
    Map<String, String> sections = new LinkedHashMap<>();
    StringBuilder text = new StringBuilder();
    String name = "";
    for (String line : output.lines().toList()) {
      if (line.startsWith("== ")) {
        sections.put(name, text.toString());
        name = line.substring(3).strip();
        text.setLength(0);
      } else {
        text.append(line).append('\n');
      }
    }
    sections.put(name, text.toString());
    return new TrialFacts(sections);
  }

  private String section(String name) {
    return sections.getOrDefault(name, "");
  }

  /** Whether it printed everything to the end. */
  boolean whole() {
    return sections.containsKey("end") && !kernel().isEmpty();
  }

  /** The kernel that it saw. */
  String kernel() {
    return section("kernel").strip();
  }

  /** The identity of a namespace; empty: it could not see it. */
  Optional<String> namespace(String kind) {
    return section("namespaces")
        .lines()
        .filter(l -> l.startsWith(kind + " "))
        .map(l -> l.substring(kind.length() + 1).strip())
        .filter(l -> !l.isEmpty())
        .findFirst();
  }

  /** The type of the file system at its root. */
  String rootType() {
    for (String line : section("mounts").lines().toList()) {
      String[] words = line.split(" ", -1);
      List<String> all = List.of(words);
      int dash = all.indexOf("-");
      if (words.length > 5 && words[4].equals("/") && dash > 0 && dash + 1 < words.length) {
        return words[dash + 1];
      }
    }
    return "";
  }

  /** A field of /proc/self/status. */
  String status(String field) {
    return section("status")
        .lines()
        .filter(l -> l.startsWith(field + ":"))
        .map(l -> l.substring(field.length() + 1).strip())
        .findFirst()
        .orElse("");
  }

  /** Whether its root is another user of the host. */
  boolean mapped() {
    String[] words = section("uids").strip().split("\\s+");
    return words.length >= 3 && words[0].equals("0") && !words[1].equals("0");
  }

  /** Its limit of memory as it saw it; empty: it saw none. */
  Optional<String> memory() {
    return section("memory").lines().map(String::strip).filter(l -> !l.isEmpty()).findFirst();
  }
}

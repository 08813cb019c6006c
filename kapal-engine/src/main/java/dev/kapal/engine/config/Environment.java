package dev.kapal.engine.config;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Merging of environments. */
public final class Environment {
  /** The search path when the image names none. */
  public static final String PATH =
      "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

  private Environment() {}

  /** Entries of a list, the later ones winning; {@code NAME} alone takes one away. */
  @SafeVarargs
  public static List<String> merge(List<String>... lists) {
    Map<String, String> byName = new LinkedHashMap<>();
    for (List<String> list : lists) {
      for (String entry : list) {
        int eq = entry.indexOf('=');
        if (eq < 0) {
          byName.remove(entry);
        } else if (eq > 0 && entry.indexOf('\0') < 0) {
          byName.put(entry.substring(0, eq), entry);
        }
      }
    }
    return new ArrayList<>(byName.values());
  }

  /** Whether a name has a value. */
  public static boolean has(List<String> env, String name) {
    return env.stream().anyMatch(e -> e.startsWith(name + "="));
  }
}

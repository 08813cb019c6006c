package dev.kapal.oci.runtime;

import java.util.ArrayList;
import java.util.List;

/** Collects broken rules. Owned by one thread for one check. */
final class Checks {
  private static final int MOST = 20;
  private final List<RuntimeConfigException.Problem> problems = new ArrayList<>();

  void that(boolean holds, String field, Object value, String rule) {
    if (!holds && problems.size() < MOST) {
      String text = String.valueOf(value);
      problems.add(
          new RuntimeConfigException.Problem(
              field, text.length() > 200 ? text.substring(0, 200) + "…" : text, rule));
    }
  }

  /** Absolute, without NUL, at most PATH_MAX bytes. */
  void absolute(String field, String path) {
    that(path.startsWith("/"), field, path, "must be an absolute path");
    text(field, path);
    that(path.length() < 4096, field, path, "must be shorter than 4096 bytes");
  }

  /** No NUL: it would end the string early in the kernel. */
  void text(String field, String text) {
    that(
        text.indexOf('\0') < 0, field, text.replace('\0', '?'), "must not contain a NUL character");
  }

  void id(String field, long id) {
    that(id >= 0 && id < 0xffffffffL, field, id, "must be between 0 and 4294967294");
  }

  void range(String field, long value, long low, long high) {
    that(value >= low && value <= high, field, value, "must be between " + low + " and " + high);
  }

  void done() {
    if (!problems.isEmpty()) {
      throw new RuntimeConfigException(problems);
    }
  }
}

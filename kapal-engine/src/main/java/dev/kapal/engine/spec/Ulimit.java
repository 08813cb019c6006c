package dev.kapal.engine.spec;

import java.util.Locale;
import java.util.Set;

/**
 * One resource limit, see setrlimit(2).
 *
 * @param name lower case, without {@code RLIMIT_}: {@code nofile}
 * @param soft -1: unlimited
 * @param hard -1: unlimited
 */
public record Ulimit(String name, long soft, long hard) {
  private static final Set<String> NAMES =
      Set.of(
          "as",
          "core",
          "cpu",
          "data",
          "fsize",
          "locks",
          "memlock",
          "msgqueue",
          "nice",
          "nofile",
          "nproc",
          "rss",
          "rtprio",
          "rttime",
          "sigpending",
          "stack");

  public Ulimit {
    name = name.toLowerCase(Locale.ROOT);
    if (!NAMES.contains(name)) {
      throw new IllegalArgumentException(
          "ulimit \""
              + name
              + "\" is not known: use one of "
              + String.join(", ", NAMES.stream().sorted().toList()));
    }
    if (soft < -1 || hard < -1) {
      throw new IllegalArgumentException("ulimit " + name + " is negative: use -1 for unlimited");
    }
    if (hard != -1 && (soft == -1 || soft > hard)) {
      throw new IllegalArgumentException(
          "ulimit " + name + ": the soft limit " + soft + " is above the hard limit " + hard);
    }
  }
}

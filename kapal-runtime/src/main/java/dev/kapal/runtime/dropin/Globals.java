package dev.kapal.runtime.dropin;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * What stands before the command.
 *
 * @param root where states are kept
 * @param debug whether to log more than errors
 * @param log file for messages; empty: standard error
 * @param json whether messages are JSON
 * @param systemdCgroup whether cgroupsPath is systemd's slice:prefix:name
 * @param version whether only the version is asked for
 * @param help whether only help is asked for
 * @param command the command and its words
 */
record Globals(
    String root,
    boolean debug,
    Optional<String> log,
    boolean json,
    boolean systemdCgroup,
    boolean version,
    boolean help,
    List<String> command) {
  static final String ROOT = "/run/kapal-oci";

  private static final Flags.Spec SPEC =
      new Flags.Spec(
          Set.of("debug", "systemd-cgroup", "version", "help"),
          Set.of("root", "log", "log-format", "rootless", "criu"),
          Map.of("v", "version", "h", "help"),
          false);

  static Globals parse(List<String> words) {
    Flags flags = Flags.parse(words, SPEC);
    String format = flags.value("log-format").orElse("text");
    if (!format.equals("text") && !format.equals("json")) {
      throw new CommandFailed("invalid log-format: " + format);
    }
    return new Globals(
        flags.value("root").orElse(ROOT),
        flags.is("debug"),
        flags.value("log"),
        format.equals("json"),
        flags.is("systemd-cgroup"),
        flags.is("version"),
        flags.is("help"),
        flags.arguments());
  }
}

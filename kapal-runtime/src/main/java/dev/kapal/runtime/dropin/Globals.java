package dev.kapal.runtime.dropin;

import dev.kapal.linux.Identity;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * What stands before the command.
 *
 * @param root where states are kept
 * @param ownRoot whether that is in a directory of the user's, by default
 * @param debug whether to log more than errors
 * @param log file for messages; empty: standard error
 * @param json whether messages are JSON
 * @param rootless whether a container may do without a control group that cannot be had
 * @param systemdCgroup whether cgroupsPath is systemd's slice:prefix:name
 * @param version whether only the version is asked for
 * @param help whether only help is asked for
 * @param command the command and its words
 */
record Globals(
    String root,
    boolean ownRoot,
    boolean debug,
    Optional<String> log,
    boolean json,
    boolean rootless,
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

  static Globals parse(List<String> words, Map<String, String> environment, Identity who) {
    Flags flags = Flags.parse(words, SPEC);
    String format = flags.value("log-format").orElse("text");
    if (!format.equals("text") && !format.equals("json")) {
      throw new CommandFailed("invalid log-format: " + format);
    }
    Optional<String> own =
        flags.value("root").isPresent() ? Optional.empty() : own(environment, who);
    return new Globals(
        flags.value("root").or(() -> own).orElse(ROOT),
        own.isPresent(),
        flags.is("debug"),
        flags.value("log"),
        format.equals("json"),
        rootless(flags.value("rootless").orElse("auto")).orElse(who.rootless()),
        flags.is("systemd-cgroup"),
        flags.is("version"),
        flags.is("help"),
        flags.arguments());
  }

  /**
   * A user's own directory. Root in a user namespace has one, too, as Podman's is; but not if he is
   * called root: then he may be a whole container's, with /run his own.
   */
  private static Optional<String> own(Map<String, String> environment, Identity who) {
    boolean users = who.uid() != 0 || (!who.initial() && !"root".equals(environment.get("USER")));
    return Optional.ofNullable(environment.get("XDG_RUNTIME_DIR"))
        .filter(directory -> users && directory.startsWith("/"))
        .map(directory -> directory + "/kapal-oci");
  }

  private static Optional<Boolean> rootless(String value) {
    return switch (value) {
      case "1", "t", "T", "true", "TRUE", "True" -> Optional.of(true);
      case "0", "f", "F", "false", "FALSE", "False" -> Optional.of(false);
      case "auto" -> Optional.empty();
      default ->
          throw new CommandFailed(
              "invalid value \"" + value + "\" for --rootless: give true, false or auto");
    };
  }
}

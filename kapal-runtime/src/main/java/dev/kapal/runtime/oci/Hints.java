package dev.kapal.runtime.oci;

import dev.kapal.runtime.ContainerException.LaunchFailed.Kind;
import dev.kapal.runtime.driver.RuntimeMessages;
import java.util.Locale;

/** What to do about what a runtime says. */
final class Hints {
  private Hints() {}

  /** What to do about a message: empty, or beginning with "; ". */
  static String of(String message, OciRuntimeConfig config) {
    String text = message.toLowerCase(Locale.ROOT);
    if (text.contains("invalid command \"create\"") || text.contains("kata-runtime")) {
      return "; this program has no OCI command line (Kata has none since version 2): use its shim, io.containerd.kata.v2";
    }
    if (text.contains("version `glibc_") || text.contains("version 'glibc_")) {
      return "; it was built for a newer C library than this host has: take a static build, or one for this distribution";
    }
    if (text.contains("flag provided but not defined")
        || text.contains("unknown flag")
        || text.contains("unrecognized option")
        || text.contains("unknown option")) {
      return "; this version does not know an option: check the runtime's arguments in the configuration";
    }
    if (text.contains("cannot run with network enabled in root network namespace")) {
      return "; on Linux 6.11 and newer gVisor's releases before August 2024 take every network for the host's: use a newer one, or give it the argument --network=host (the network of its namespace) or --network=none";
    }
    boolean optional = config.program().startsWith("runsc") || config.program().startsWith("crun");
    if (optional && !config.ignoresCgroups() && text.contains("cgroup")) {
      return "; if it cannot use this host's control groups, declare ignore-cgroups for it and go without limits";
    }
    if (RuntimeMessages.kind(message) == Kind.NOT_FOUND) {
      return "; check the program's name and PATH in the container";
    }
    return "";
  }
}

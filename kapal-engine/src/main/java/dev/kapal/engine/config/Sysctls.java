package dev.kapal.engine.config;

import dev.kapal.engine.EngineException;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * Which kernel parameters a container may set: those that belong to namespaces of its own. A list
 * of what is allowed, never of what is not.
 */
public final class Sysctls {
  private static final Set<String> IPC =
      Set.of(
          "kernel.msgmax",
          "kernel.msgmnb",
          "kernel.msgmni",
          "kernel.sem",
          "kernel.shmall",
          "kernel.shmmax",
          "kernel.shmmni",
          "kernel.shm_rmid_forced");
  private static final Pattern NAME = Pattern.compile("[a-zA-Z0-9_-]+([./][a-zA-Z0-9_.-]+)+");
  private static final Pattern VALUE = Pattern.compile("[\\x20-\\x7e\\t]{0,1024}");

  private Sysctls() {}

  /** Refuses what is not of these namespaces. */
  public static void check(
      Map<String, String> sysctls, boolean ownIpc, boolean ownNet, boolean ownUts) {
    sysctls.forEach((name, value) -> {
      if (!NAME.matcher(name).matches() || name.contains("..") || name.contains("//")) {
        throw new EngineException.InvalidArgument(
            "sysctl \"" + name + "\" is not the name of a kernel parameter");
      }
      if (!VALUE.matcher(value).matches()) {
        throw new EngineException.InvalidArgument(
            "sysctl " + name + " has a value with unprintable characters");
      }
      String dotted = name.replace('/', '.');
      boolean ipc = IPC.contains(dotted) || dotted.startsWith("fs.mqueue.");
      boolean net = dotted.startsWith("net.");
      boolean uts = dotted.equals("kernel.domainname");
      if (!ipc && !net && !uts) {
        throw new EngineException.InvalidArgument(
            "sysctl "
                + name
                + " belongs to the whole host, not to a container: set it on the host");
      }
      if ((ipc && !ownIpc) || (net && !ownNet) || (uts && !ownUts)) {
        throw new EngineException.InvalidArgument(
            "sysctl "
                + name
                + " needs a namespace of the container's own: it shares that with the host or another container");
      }
    });
  }
}

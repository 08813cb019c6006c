package dev.kapal.runtime.seccomp;

import dev.kapal.linux.Arch;
import dev.kapal.oci.runtime.Seccomp;
import dev.kapal.oci.runtime.SeccompAction;
import dev.kapal.runtime.ContainerException;
import dev.kapal.runtime.plan.SeccompProgram;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/**
 * Compiled filters by content; the least recently used are dropped. Safe for use by several
 * threads.
 */
public final class SeccompCache {
  private static final int MOST = 64;
  private final Set<String> actions;
  private final Map<Seccomp, SeccompProgram> programs =
      new LinkedHashMap<>(16, 0.75f, true) {
        @Override
        protected boolean removeEldestEntry(Map.Entry<Seccomp, SeccompProgram> eldest) {
          return size() > MOST;
        }
      };

  /**
   * A cache.
   *
   * @param actions what the kernel knows, as in {@code /proc/sys/kernel/seccomp/actions_avail}
   */
  public SeccompCache(Set<String> actions) {
    this.actions = Set.copyOf(actions);
  }

  /**
   * The program of a filter.
   *
   * @throws ContainerException if the filter is invalid or the kernel cannot do what it asks for
   */
  public SeccompProgram program(Seccomp filter, Arch host) {
    synchronized (programs) {
      SeccompProgram known = programs.get(filter);
      if (known != null) {
        return known;
      }
    }
    if (actions.isEmpty()) {
      throw new ContainerException.Unsupported(
          "The config has a seccomp filter, but this kernel has no seccomp. Run it without one (seccomp=unconfined)");
    }
    boolean notify = filter.syscalls().stream().anyMatch(r -> r.action() == SeccompAction.NOTIFY);
    if (notify && !actions.contains("user_notif")) {
      throw new ContainerException.Unsupported("SCMP_ACT_NOTIFY needs Linux 5.0");
    }
    if (notify && filter.listenerPath().isEmpty()) {
      throw new ContainerException.Invalid(
          "The seccomp filter uses SCMP_ACT_NOTIFY and has no listenerPath");
    }
    if (notify && filter.syscalls().stream().anyMatch(SeccompCache::needed)) {
      throw new ContainerException.Invalid(
          "SCMP_ACT_NOTIFY cannot be used for the sendmsg syscall: the container's process gives"
              + " the listener away by it");
    }
    SeccompProgram program = SeccompCompiler.compile(filter, host);
    synchronized (programs) {
      programs.put(filter, program);
    }
    return program;
  }

  /** Nobody could answer what is called before the listener is there. */
  private static boolean needed(Seccomp.Rule rule) {
    return rule.action() == SeccompAction.NOTIFY && rule.names().contains("sendmsg");
  }
}

package dev.kapal.runtime.plan;

import static dev.kapal.runtime.plan.Kernel.*;

import dev.kapal.oci.runtime.NamespaceType;
import dev.kapal.runtime.ContainerException;
import java.nio.charset.StandardCharsets;
import java.util.Set;

/**
 * Kernel parameters. Only those that belong to one of the container's own namespaces may be set
 * (CVE-2022-0811), and they are written through the host's procfs, checked to be one, which the
 * container cannot have touched (CVE-2025-52881): which namespace is meant is decided by the
 * process that writes.
 */
final class SysctlPlan {
  private static final Set<String> IPC =
      Set.of(
          "kernel/msgmax",
          "kernel/msgmnb",
          "kernel/msgmni",
          "kernel/sem",
          "kernel/shmall",
          "kernel/shmmax",
          "kernel/shmmni",
          "kernel/shm_rmid_forced");

  private final Compilation c;

  SysctlPlan(Compilation c) {
    this.c = c;
  }

  void write() {
    if (c.linux.sysctl().isEmpty()) {
      return;
    }
    Section s = c.init;
    s.to("open /proc for kernel parameters");
    Arg.Slot proc = c.slot("proc");
    c.openHost(s, "/proc", O_PATH | c.directory(), proc);
    s.op(Op.CHECK_FS, proc, Arg.of(PROC_SUPER_MAGIC));
    c.linux
        .sysctl()
        .forEach((name, value) -> {
          String path = path(name);
          check(name, path);
          s.to("set the kernel parameter " + name + " to " + value);
          Arg.Slot file = c.slot("parameter");
          c.openIn(s, proc, "/sys/" + path, O_WRONLY, HOW_NO_SYMLINKS | HOW_NO_XDEV, file);
          s.call(
              "write", file, Arg.of(value), Arg.of(value.getBytes(StandardCharsets.UTF_8).length));
          s.op(Op.FORGET, file);
        });
    s.op(Op.FORGET, proc);
  }

  /**
   * As sysctl(8): the first separator decides which of the two separates; the other one is part of
   * names.
   */
  private static String path(String name) {
    int dot = name.indexOf('.');
    int slash = name.indexOf('/');
    if (slash >= 0 && (dot < 0 || slash < dot)) {
      return name;
    }
    StringBuilder path = new StringBuilder(name);
    for (int i = 0; i < path.length(); i++) {
      char ch = path.charAt(i);
      path.setCharAt(i, ch == '.' ? '/' : ch == '/' ? '.' : ch);
    }
    return path.toString();
  }

  private void check(String name, String path) {
    if (path.contains("//")
        || path.startsWith("/")
        || path.contains("/./")
        || path.contains("/../")) {
      throw new ContainerException.Invalid(
          "\"" + name + "\" is not the name of a kernel parameter");
    }
    NamespaceType needed;
    if (path.startsWith("net/")) {
      needed = NamespaceType.NETWORK;
    } else if (path.startsWith("fs/mqueue/") || IPC.contains(path)) {
      needed = NamespaceType.IPC;
    } else if (path.equals("kernel/domainname")) {
      needed = NamespaceType.UTS;
    } else if (path.equals("kernel/hostname")) {
      throw new ContainerException.Invalid(
          "kernel.hostname is set by the config's hostname, not as a kernel parameter");
    } else {
      throw new ContainerException.Invalid(
          "The kernel parameter " + name + " belongs to no namespace: it would change the host");
    }
    if (c.linux.namespace(needed).isEmpty()) {
      throw new ContainerException.Invalid(
          "The kernel parameter "
              + name
              + " would change the host: the container has no "
              + needed.procName()
              + " namespace of its own");
    }
  }
}

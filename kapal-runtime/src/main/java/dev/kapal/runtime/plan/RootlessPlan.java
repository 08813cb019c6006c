package dev.kapal.runtime.plan;

import static dev.kapal.runtime.plan.Kernel.*;

import dev.kapal.linux.MountFlags;
import dev.kapal.oci.runtime.IdMapping;
import dev.kapal.oci.runtime.Mount;
import dev.kapal.oci.runtime.NamespaceType;
import dev.kapal.oci.runtime.Process;
import dev.kapal.runtime.ContainerException;
import java.util.List;

/** What is different for who has less than the host's root (user_namespaces(7)). */
final class RootlessPlan {
  private final Compilation c;

  RootlessPlan(Compilation c) {
    this.c = c;
  }

  /** Refuses what an ordinary user can never have, before the kernel does with an error number. */
  static void check(Compilation c) {
    if (c.facts.identity().uid() == 0) {
      return;
    }
    if (!c.userNamespace) {
      throw new ContainerException.Invalid(
          "rootless container requires user namespaces: add one to linux.namespaces, with id maps;"
              + " kapal-oci spec --rootless writes such a config");
    }
    if (c.makes(NamespaceType.TIME)) {
      throw Compilation.unsupported(
          "Time namespaces are made before the user namespace, which only root can: leave it out");
    }
    if (!c.makes(NamespaceType.USER)) {
      return;
    }
    if (c.linux.uidMappings().isEmpty() || c.linux.gidMappings().isEmpty()) {
      throw new ContainerException.Invalid(
          "rootless containers requires at least one UID mapping and one GID mapping: give"
              + " linux.uidMappings and linux.gidMappings");
    }
    for (Mount mount : c.config.mounts()) {
      for (String option : mount.options()) {
        mapped(mount, option, "uid=", c.linux.uidMappings());
        mapped(mount, option, "gid=", c.linux.gidMappings());
      }
    }
  }

  private static void mapped(Mount mount, String option, String name, List<IdMapping> maps) {
    String id = option.startsWith(name) ? option.substring(name.length()) : "";
    if (id.matches("[0-9]{1,10}") && ProcessPlan.mapped(Long.parseLong(id), maps) < 0) {
      throw new ContainerException.Invalid(
          "cannot specify "
              + option
              + " mount option for rootless container: "
              + mount.destination()
              + " would belong to an id that the user namespace does not map");
    }
  }

  /**
   * Lets the user who launches write the id maps and join the namespaces: what is below /proc/PID
   * belongs to root otherwise, as long as the process has not executed anything. Nobody in a
   * container can use this: the namespace is new, and its own processes are none yet.
   */
  void open(Section s) {
    if (c.facts.identity().uid() != 0 && c.makes(NamespaceType.USER)) {
      s.call("prctl", Arg.of(PR_SET_DUMPABLE), Arg.of(1), Arg.of(0), Arg.of(0), Arg.of(0));
    }
  }

  /** Whether setgroups(2) may be forbidden in the user namespace (CVE-2014-8989). */
  boolean mayLackGroups() {
    if (!c.facts.identity().rootless()) {
      return false;
    }
    return !c.facts.identity().setgroups()
        || (c.facts.identity().uid() != 0
            && (!c.makes(NamespaceType.USER)
                || alone(c.linux.gidMappings(), c.facts.identity().gid())));
  }

  /** The additional groups that the process can have. */
  List<Long> groups(Process process) {
    List<Long> wanted = process.user().additionalGids();
    if (wanted.isEmpty() || !mayLackGroups()) {
      return wanted;
    }
    if (c.facts.identity().uid() != 0 && c.makes(NamespaceType.USER)) {
      throw new ContainerException.Invalid(
          "cannot set any additional groups in a rootless container: it has but one group");
    }
    if (c.facts.identity().setgroups()) {
      return wanted;
    }
    c.warnings.add(
        "The additional groups " + wanted + " are left out: the user namespace forbids setgroups");
    return List.of();
  }

  /** Whether a map is of one id, the user's own: then nobody's help is needed to write it. */
  static boolean alone(List<IdMapping> maps, long id) {
    return maps.size() == 1 && maps.getFirst().size() == 1 && maps.getFirst().hostId() == id;
  }

  /**
   * Mounts a file system that a user namespace may not have as it is asked for, on the directory in
   * the slot "target".
   *
   * @return false: it is none of those
   */
  boolean mount(PlannedMount p, String source, String data) {
    if (!c.facts.identity().rootless()) {
      return false;
    }
    switch (p.mount().type()) {
      case "sysfs" -> sysfs(p, source, data);
      case "devpts" -> devpts(p, source, data);
      default -> {
        return false;
      }
    }
    return true;
  }

  /** A group that is not mapped owns no terminal: whoever opens one does then. */
  private void devpts(PlannedMount p, String source, String data) {
    Section s = c.init;
    Section.Label refused = new Section.Label();
    Section.Label end = new Section.Label();
    s.call("fchdir", c.slot("target"));
    c.mount(s, source, ".", "devpts", p.options().set(), data)
        .skipTo(end)
        .on(Errors.EINVAL, refused);
    s.here(refused);
    String rest = data.replaceAll("(^|,)gid=[^,]*", "").replaceFirst("^,", "");
    c.mount(s, source, ".", "devpts", p.options().set(), rest);
    s.here(end);
  }

  /** A sysfs needs a network namespace that is the user namespace's; the host's is bound else. */
  private void sysfs(PlannedMount p, String source, String data) {
    Section s = c.init;
    Arg.Slot target = c.slot("target");
    Section.Label refused = new Section.Label();
    Section.Label end = new Section.Label();
    s.call("fchdir", target);
    c.mount(s, source, ".", "sysfs", p.options().set(), data).skipTo(end).on(Errors.EPERM, refused);
    s.here(refused);
    Arg.Slot host = c.slot("source");
    c.openHost(s, "/sys", O_PATH | c.directory(), host);
    // With what is mounted below: a copy without that would show what was covered.
    c.bind(s, host, target, true);
    c.openIn(s, c.slot("root"), p.destination(), O_PATH | c.directory(), 0, target);
    if (c.mountSetattr()) {
      c.setAttributes(s, target, true, p.options().bindSet(), 0, 0);
    } else {
      long flags = MountFlags.MS_REMOUNT | MountFlags.MS_BIND | p.options().set();
      c.change(s, target, flags, "");
    }
    s.op(Op.FORGET, host);
    s.here(end);
  }
}

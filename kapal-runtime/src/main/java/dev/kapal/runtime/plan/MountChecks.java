package dev.kapal.runtime.plan;

import dev.kapal.linux.MountFlags;
import dev.kapal.oci.runtime.Mount;
import dev.kapal.oci.runtime.NamespaceType;
import dev.kapal.runtime.ContainerException;
import dev.kapal.runtime.plan.LaunchInputs.SourceKind;
import java.util.Set;

/** What mounts must be like, and what the kernel must have for them. */
final class MountChecks {
  /** Files of procfs that may be covered one by one, since they only inform. */
  private static final Set<String> PROC_FILES =
      Set.of(
          "/proc/cpuinfo",
          "/proc/diskstats",
          "/proc/meminfo",
          "/proc/stat",
          "/proc/swaps",
          "/proc/uptime",
          "/proc/loadavg",
          "/proc/slabinfo",
          "/proc/net/dev",
          "/proc/sys/kernel/ns_last_pid",
          "/proc/sys/crypto/fips_enabled");

  private final Compilation c;

  MountChecks(Compilation c) {
    this.c = c;
  }

  void check(PlannedMount p) {
    Mount mount = p.mount();
    String destination = p.destination();
    MountOptions o = p.options();
    boolean proc = mount.type().equals("proc");
    boolean sys = mount.type().equals("sysfs");
    if (destination.startsWith("/proc/") && !(o.bind() && PROC_FILES.contains(destination))) {
      throw new ContainerException.Invalid(
          "A mount on "
              + destination
              + " would hide a part of /proc that isolation depends on: leave it out");
    }
    if (destination.equals("/proc") && !proc && !o.bind()) {
      throw new ContainerException.Invalid(
          "Only a proc file system may be mounted on /proc, not " + mount.type());
    }
    if (sys
        && !c.userNamespace
        && c.linux.namespace(NamespaceType.NETWORK).isEmpty()
        && !mount.options().contains("ro")) {
      c.warnings.add("/sys shows the host's network devices: there is no network namespace");
    }
    if (destination.equals("/")) {
      throw new ContainerException.Invalid(
          "A mount on / would hide the container's root file system: leave it out");
    }
    if ((o.recursiveSet() != 0
            || o.recursiveClear() != 0
            || ((o.set() & MountFlags.MS_NOSYMFOLLOW) != 0 && o.bind()))
        && !c.mountSetattr()) {
      throw Compilation.unsupported(
          "The options of the mount on "
              + destination
              + " need mount_setattr(2) of Linux 5.12; this kernel is "
              + c.facts.features().release().text());
    }
    if (o.idmap() && !c.facts.features().idmappedMounts()) {
      throw Compilation.unsupported(
          "The mount on "
              + destination
              + " maps ids, which needs Linux 5.12; this kernel is "
              + c.facts.features().release().text());
    }
    if (o.idmap()
        && mount.uidMappings().isEmpty()
        && c.linux.uidMappings().isEmpty()
        && c.joins(NamespaceType.USER).isEmpty()) {
      throw new ContainerException.Invalid(
          "The mount on "
              + destination
              + " maps ids, but neither it nor a user namespace says how: give uidMappings and gidMappings");
    }
    if (o.shared() && o.bind() && !c.mountApi()) {
      throw Compilation.unsupported(
          "The shared mount on " + destination + " needs the mount calls of Linux 5.2");
    }
    if (o.bind() && mount.source().isEmpty()) {
      throw new ContainerException.Invalid("The bind mount on " + destination + " has no source");
    }
    if (o.bind()
        && p.inside().isEmpty()
        && c.inputs.sources().get(p.source()) == SourceKind.MISSING) {
      throw new ContainerException.Invalid(
          "The source of the mount on "
              + destination
              + ", "
              + mount.source()
              + ", does not exist: make it, or correct the path");
    }
  }
}
